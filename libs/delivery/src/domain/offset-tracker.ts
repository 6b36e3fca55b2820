// Knows how far a partition may be committed: everything below the lowest record that some lane still holds.

/** From here on the arrays are cut, so that a day of records costs what the open ones cost. */
const compactAt = 8_192;

export class OffsetTracker {
  private offsets: number[] = [];
  private accepted: number[] = [];
  private holders: number[] = [];
  private head = 0;
  /** Slot number of the arrays' first element. */
  private base = 0;
  private next: number;
  private handled: number;

  /** `next`: the offset the partition is committed at; `handled`: the highest acceptedOffset below it. */
  constructor(next: number, handled: number) {
    this.next = next;
    this.handled = handled;
  }

  /** Takes a record in and returns its slot; held once, by the caller, until all lanes have had their say. */
  add(lastOffset: number, acceptedOffset: number): number {
    this.offsets.push(lastOffset);
    this.accepted.push(acceptedOffset);
    this.holders.push(1);
    return this.base + this.offsets.length - 1;
  }

  hold(slot: number): void {
    const index = slot - this.base;
    this.holders[index] = (this.holders[index] ?? 0) + 1;
  }

  release(slot: number): void {
    const index = slot - this.base;
    const holders = this.holders[index];
    if (index < this.head || holders === undefined || holders < 1) throw new Error(`slot ${slot} was released twice`);
    this.holders[index] = holders - 1;
    if (index === this.head) this.advance();
  }

  private advance(): void {
    while (this.head < this.offsets.length && this.holders[this.head] === 0) {
      this.next = (this.offsets[this.head] ?? 0) + 1;
      this.handled = Math.max(this.handled, this.accepted[this.head] ?? 0);
      this.head++;
    }
    if (this.head >= compactAt && this.head * 2 >= this.offsets.length) this.compact();
  }

  /** Records that are taken in and not done. */
  get open(): number {
    return this.offsets.length - this.head;
  }

  /** The offset that may be committed, and the highest acceptedOffset below it. */
  get position(): { readonly offset: number; readonly acceptedOffset: number } {
    return { offset: this.next, acceptedOffset: this.handled };
  }

  private compact(): void {
    this.offsets = this.offsets.slice(this.head);
    this.accepted = this.accepted.slice(this.head);
    this.holders = this.holders.slice(this.head);
    this.base += this.head;
    this.head = 0;
  }
}
