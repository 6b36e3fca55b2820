// What a replay has read and not yet written down, in order of seq: events with what became of each, and runs of those that need no request.
import type { Entry } from './entry-queue';
import type { DeadLetter, Refusal } from './effects';
import type { ReplayCounts, ReplayWrite } from './replay-effects';

interface Piece {
  readonly throughSeq: number;
  readonly entry: Entry | undefined;
  outcome: keyof ReplayCounts | undefined;
  /** How many events this stands for; more than one only where there is no entry. */
  readonly events: number;
}

export interface Settled extends Pick<ReplayWrite, 'deadLetters' | 'delivered'> {
  readonly throughSeq: number | undefined;
  readonly counts: ReplayCounts;
}

export class ReplayPieces {
  private pieces: Piece[] = [];
  /** What is known of events behind the position that had to be let go: taken, or refused. */
  private readonly marks = new Map<number, Entry['refusal'] | 'taken'>();

  add(entry: Entry): void {
    const { seq } = entry.event;
    const mark = this.marks.get(seq);
    this.marks.delete(seq);
    if (mark && mark !== 'taken') {
      entry.state = 'candidate';
      entry.refusal = mark;
    }
    this.pieces.push({ throughSeq: seq, entry, outcome: mark === 'taken' ? 'delivered' : undefined, events: 1 });
    if (mark === 'taken') entry.state = 'done';
  }

  /** Events that are not sent. Runs are joined, so that a filter that wants little costs little. */
  pass(outcome: 'unwanted' | 'missing', throughSeq: number, events: number): void {
    const last = this.pieces.at(-1);
    const joins = last?.outcome === outcome && !last.entry;
    if (joins) this.pieces.pop();
    this.pieces.push({ throughSeq, entry: undefined, outcome, events: events + (joins ? last.events : 0) });
  }

  taken(entry: Entry): void {
    entry.state = 'done';
    const piece = this.pieces.find((one) => one.entry === entry);
    if (piece) piece.outcome = 'delivered';
    // Asked out of its turn: it is counted where its turn comes.
    else this.marks.set(entry.event.seq, 'taken');
  }

  refused(entry: Entry, refusal: Entry['refusal']): void {
    entry.state = 'candidate';
    entry.refusal = refusal;
  }

  get candidates(): Entry[] {
    return this.entries('candidate');
  }

  /** Whether the pages after this one will bring back events that were refused. What a page did not bring back is gone from the store. */
  hasRefusedBeyond(through: number): boolean {
    for (const [seq, mark] of this.marks) {
      if (seq <= through) this.marks.delete(seq);
      else if (mark !== 'taken') return true;
    }
    return false;
  }

  get pending(): Entry[] {
    return this.entries('pending');
  }

  /** Pending ones in order, at least one, within both limits. */
  pick(maxEvents: number, maxBytes: number): Entry[] {
    const picked: Entry[] = [];
    let bytes = 0;
    for (const entry of this.pending) {
      bytes += entry.bytes;
      if (picked.length === maxEvents || (picked.length > 0 && bytes > maxBytes)) break;
      picked.push(entry);
    }
    return picked;
  }

  /** Candidates that are the fault themselves: all of them, or those before an event that was taken. */
  bury(all: boolean): void {
    let later = all;
    for (const piece of this.pieces.toReversed()) {
      if (piece.outcome === 'delivered') later = true;
      if (!later || piece.entry?.state !== 'candidate') continue;
      piece.outcome = 'deadLettered';
      piece.entry.state = 'done';
    }
  }

  /** Whatever was refused gets another hearing. */
  forgive(): void {
    for (const entry of this.candidates) entry.state = 'pending';
    for (const [seq, mark] of this.marks) if (mark !== 'taken') this.marks.delete(seq);
  }

  /** Takes what is settled from the front: only that moves the position. */
  takeSettled(): Settled {
    const counts = { delivered: 0, deadLettered: 0, unwanted: 0, missing: 0 };
    const deadLetters: DeadLetter[] = [];
    const delivered: number[] = [];
    const open = this.pieces.findIndex((piece) => piece.outcome === undefined);
    const settled = this.pieces.splice(0, open === -1 ? this.pieces.length : open);
    for (const { entry, events, outcome, throughSeq } of settled) {
      if (outcome) counts[outcome] += events;
      if (outcome === 'delivered') delivered.push(throughSeq);
      else if (outcome === 'deadLettered' && entry?.refusal)
        deadLetters.push({ event: entry.event, refusal: entry.refusal });
    }
    return { throughSeq: settled.at(-1)?.throughSeq, counts, deadLetters, delivered };
  }

  /** Lets go of the events, which will be read again, and keeps what is known of them. */
  drop(): void {
    for (const { entry, outcome } of this.pieces) {
      if (!entry) continue;
      if (outcome === 'delivered') this.marks.set(entry.event.seq, 'taken');
      else if (entry.refusal && entry.state !== 'pending') this.marks.set(entry.event.seq, entry.refusal);
    }
    this.pieces = [];
  }

  /** Why the first of those that were refused was refused. */
  get firstRefusal(): Refusal | undefined {
    return this.candidates[0]?.refusal;
  }

  private entries(state: Entry['state']): Entry[] {
    return this.pieces.flatMap(({ entry }) => (entry?.state === state ? [entry] : []));
  }
}
