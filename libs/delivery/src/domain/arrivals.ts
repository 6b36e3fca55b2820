// What comes from Kafka while a lane reads its last page: held from the read's request on, joined behind the page's last seq, the floor.
import type { Entry } from './entry-queue';

export class Arrivals {
  private entries: Entry[] = [];
  private first: number | undefined;
  private last: number | undefined;
  private held = 0;

  begin(): void {
    this.entries = [];
    this.first = undefined;
    this.last = undefined;
    this.held = 0;
  }

  get count(): number {
    return this.entries.length;
  }

  get bytes(): number {
    return this.held;
  }

  get oldest(): Entry | undefined {
    return this.entries[0];
  }

  /** Also for events that the destination does not want: they show that nothing is missing. */
  note(seq: number): 'next' | 'repeat' | 'jump' {
    if (this.last !== undefined && seq <= this.last) return 'repeat';
    if (this.last !== undefined && seq > this.last + 1) return 'jump';
    this.first ??= seq;
    this.last = seq;
    return 'next';
  }

  push(entry: Entry): void {
    this.entries.push(entry);
    this.held += entry.held;
  }

  /** Whether the arrivals go on where the page ends. */
  join(floor: number): boolean {
    return this.first === undefined || this.first <= floor + 1;
  }

  /** Everything up to here is in the page or has arrived. */
  through(floor: number): number {
    return Math.max(floor, this.last ?? floor);
  }

  drainTo(take: (entry: Entry) => void): void {
    const { entries } = this;
    this.begin();
    for (const entry of entries) take(entry);
  }
}
