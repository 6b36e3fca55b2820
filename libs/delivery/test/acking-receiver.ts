// A receiver's memory of what it took in and has not made safe: ids count from 0 in each channel, a yes is told once, a restart forgets all.

interface Channel {
  next: number;
  /** What each id stands for; deleted once it was told. */
  readonly issued: Map<number, readonly number[]>;
}

export class AckingReceiver {
  /** The token hands out ids. */
  isOn = true;
  private channels = new Map<string, Channel>();
  private unsafe = new Set<number>();

  constructor(private readonly safe: Set<number>) {}

  /** Takes a request in and gives it its id. */
  issue(name: string, seqs: readonly number[]): number {
    this.take(seqs);
    const channel = this.channels.get(name) ?? { next: 0, issued: new Map<number, readonly number[]>() };
    this.channels.set(name, channel);
    const ackId = channel.next++;
    channel.issued.set(ackId, seqs);
    return ackId;
  }

  /** Takes events in by an answer that has no id. */
  take(seqs: readonly number[]): void {
    for (const seq of seqs) if (!this.safe.has(seq)) this.unsafe.add(seq);
  }

  poll(name: string, ackIds: readonly number[]): number[] {
    const issued = this.channels.get(name)?.issued;
    const told = ackIds.filter((ackId) => issued?.get(ackId)?.every((seq) => this.safe.has(seq)));
    for (const ackId of told) issued?.delete(ackId);
    return told;
  }

  makeSafe(chosen: () => boolean): void {
    for (const seq of this.unsafe) {
      if (!chosen()) continue;
      this.unsafe.delete(seq);
      this.safe.add(seq);
    }
  }

  restart(): void {
    this.unsafe = new Set();
    this.channels = new Map();
  }

  /** What was taken in before is as safe as it will ever be said to be. */
  turn(isOn: boolean): void {
    this.isOn = isOn;
    if (!isOn) this.makeSafe(() => true);
  }
}
