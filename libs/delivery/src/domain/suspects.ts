// Events that a receiver refused. Each stays a candidate until a later event is taken: only then is the event the fault, and not the receiver.
import type { PoisonReason } from '@auditlane/contracts';
import type { Refusal } from './effects';
import type { Entry, EntryQueue } from './entry-queue';

/** So many in a row without a success: it is not the events. */
const inARow = 3;

export class Suspects {
  /** Candidates in the queue and beyond it. */
  private count = 0;
  /** What is known of events that the queue does not hold at the moment: taken out of order, or refused. */
  private readonly marks = new Map<number, Refusal<PoisonReason> | 'done'>();
  /** The first candidate is to be asked again before anything else. */
  retest = false;
  /** Rounds in which a later event was refused too. */
  failedRounds = 0;
  /** Refused everything, then took an event with this seq: the first candidate is asked once more before any of those below it is buried. */
  provenThrough: number | undefined;
  /** Nothing stands behind the candidates that could tell more: the next arrival may. */
  lonely = false;

  get any(): boolean {
    return this.count > 0;
  }

  get tooMany(): boolean {
    return this.count >= inARow;
  }

  /** Candidates that the queue does not hold. */
  get beyondQueue(): boolean {
    for (const mark of this.marks.values()) if (mark !== 'done') return true;
    return false;
  }

  refuse(entry: Entry, refusal: Refusal<PoisonReason>): void {
    if (entry.state !== 'candidate') this.count++;
    entry.state = 'candidate';
    entry.refusal = refusal;
  }

  take(entry: Entry): void {
    if (entry.state === 'candidate') this.count--;
    entry.state = 'done';
  }

  /** Something was taken: what came of the candidates before is to be judged by the caller. */
  succeeded(): void {
    this.lonely = false;
    this.failedRounds = 0;
  }

  /** It takes others again. It may have been repaired between two tries: then those that it refused before are none of them the fault. */
  prove(through: number): void {
    this.provenThrough = through;
    this.retest = this.count > 0;
  }

  /** Candidates before a delivered event: out of the queue and into dead letters. */
  bury(queue: EntryQueue, highestDelivered: number): Entry[] {
    if (this.count === 0) return [];
    const buried: Entry[] = [];
    for (const entry of queue) {
      if (entry.event.seq > highestDelivered) break;
      if (entry.state !== 'candidate') continue;
      this.take(entry);
      buried.push(entry);
    }
    return buried;
  }

  /** Whatever was refused gets another hearing. */
  forgive(queue: EntryQueue): void {
    for (const entry of queue) if (entry.state === 'candidate') entry.state = 'pending';
    for (const [seq, mark] of this.marks) if (mark !== 'done') this.marks.delete(seq);
    this.count = 0;
    this.retest = false;
    this.provenThrough = undefined;
    this.failedRounds = 0;
  }

  /** Entries that leave the queue and will be read from the store again. */
  remember(entries: readonly Entry[]): void {
    this.provenThrough = undefined;
    for (const { event, state, refusal } of entries) {
      if (state === 'candidate' && refusal) this.marks.set(event.seq, refusal);
      else if (state === 'done') this.marks.set(event.seq, 'done');
    }
  }

  /** They were taken, and have to be sent again all the same. */
  unmark(from: number, to: number): void {
    for (const [seq, mark] of this.marks) if (mark === 'done' && from <= seq && seq <= to) this.marks.delete(seq);
  }

  markTaken(seq: number): void {
    this.marks.set(seq, 'done');
  }

  recall(seq: number): Pick<Entry, 'state' | 'refusal'> {
    const mark = this.marks.get(seq);
    if (mark === undefined) return { state: 'pending', refusal: undefined };
    this.marks.delete(seq);
    return mark === 'done' ? { state: 'done', refusal: undefined } : { state: 'candidate', refusal: mark };
  }

  /** What a page up to `through` did not bring is gone from the store. */
  forgetThrough(through: number): void {
    for (const [seq, mark] of this.marks) {
      if (seq > through) continue;
      this.marks.delete(seq);
      if (mark !== 'done') this.count--;
    }
  }

  clear(): void {
    this.marks.clear();
    this.count = 0;
    this.retest = false;
    this.provenThrough = undefined;
    this.lonely = false;
    this.failedRounds = 0;
  }
}
