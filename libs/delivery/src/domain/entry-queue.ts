// The events of one lane in the order of their seq, with what became of each so far.
import type { PoisonReason } from '@auditlane/contracts';
import type { DeliverableEvent } from '@auditlane/destinations';
import type { Refusal } from './effects';

export type EntryState = 'pending' | 'candidate' | 'done';

export interface Entry {
  readonly event: DeliverableEvent;
  /** What the event adds to a request. */
  readonly bytes: number;
  /** What it takes of the lanes' memory; 0 for a row of a page, which is counted as a whole. */
  readonly held: number;
  readonly at: number;
  /** The record's slot while this entry keeps its offset from being committed; −1: it does not. */
  slot: number;
  state: EntryState;
  refusal: Refusal<PoisonReason> | undefined;
}

const compactAt = 1_024;

export class EntryQueue {
  private items: Entry[] = [];
  private head = 0;
  private held = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get bytes(): number {
    return this.held;
  }

  get first(): Entry | undefined {
    return this.items[this.head];
  }

  get last(): Entry | undefined {
    return this.length > 0 ? this.items[this.items.length - 1] : undefined;
  }

  at(index: number): Entry | undefined {
    return this.items[this.head + index];
  }

  push(entry: Entry): void {
    this.items.push(entry);
    this.held += entry.held;
  }

  /** Drops what is done at the front; returns the bytes that became free. */
  settleFront(): number {
    const before = this.held;
    for (let entry = this.first; entry?.state === 'done'; entry = this.first) {
      this.held -= entry.held;
      this.head++;
    }
    // Entries keep their events, and those whole fetched responses: an empty queue keeps nothing.
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    } else if (this.head >= compactAt && this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return before - this.held;
  }

  /** Cuts everything from `index` on and returns it. */
  cut(index: number): Entry[] {
    const cut = this.items.splice(this.head + index);
    for (const entry of cut) this.held -= entry.held;
    return cut;
  }

  /** The first entry that is not done: the lowest seq that this lane still owes. */
  firstOpen(): Entry | undefined {
    return this.find((entry) => entry.state !== 'done');
  }

  find(wanted: (entry: Entry) => boolean): Entry | undefined {
    for (let index = this.head; index < this.items.length; index++) {
      const entry = this.items[index];
      if (entry && wanted(entry)) return entry;
    }
    return undefined;
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (let index = this.head; index < this.items.length; index++) {
      const entry = this.items[index];
      if (entry) yield entry;
    }
  }

  /** Entries that may be sent in one request: pending ones in order, at least one, within both limits. */
  pick(maxEvents: number, maxBytes: number): Entry[] {
    const picked: Entry[] = [];
    let bytes = 0;
    for (let index = this.head; index < this.items.length && picked.length < maxEvents; index++) {
      const entry = this.items[index];
      if (!entry || entry.state !== 'pending') continue;
      bytes += entry.bytes;
      if (picked.length > 0 && bytes > maxBytes) break;
      picked.push(entry);
    }
    return picked;
  }
}
