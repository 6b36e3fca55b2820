// What a destination has in the delivery tables, what is on its way there, and which records wait for it. One write at a time.
import type { PoisonReason } from '@auditlane/contracts';
import type { CursorState, DeadLetter, DestinationView, Effect, Gap, Refusal, SavedPosition, Write } from './effects';
import type { Entry } from './entry-queue';

export interface LedgerHost {
  emit(effect: Effect): void;
  nextId(): number;
  release(slot: number): void;
}

interface Writing {
  readonly id: number;
  readonly write: Write;
  readonly letters: number;
  readonly gaps: number;
}

type Letter = Entry & { readonly refusal: Refusal<PoisonReason> };
const isLetter = (entry: Entry): entry is Letter => entry.refusal !== undefined;

export class Ledger {
  cursor: { readonly nextSeq: number; readonly state: CursorState } | undefined;
  startedVersion: number;
  private writing: Writing | undefined;
  private letters: Letter[] = [];
  private gaps: Gap[] = [];
  /** Slots of records that the next cursor will cover. */
  private slots: number[] = [];

  constructor(
    private readonly host: LedgerHost,
    saved: SavedPosition | undefined,
  ) {
    this.startedVersion = saved?.startedVersion ?? 0;
    if (saved?.cursor) this.cursor = { nextSeq: saved.cursor.nextSeq, state: saved.cursor.state };
  }

  get isWriting(): boolean {
    return this.writing !== undefined;
  }

  /** The row on its way decides whether there is a cursor, not the one known so far. */
  get cursorOnItsWay(): boolean {
    return this.writing?.write.cursor !== undefined;
  }

  get hasUnwritten(): boolean {
    return this.letters.length > 0 || this.gaps.length > 0;
  }

  /** The lowest seq that is handled but not written: a promise may not go beyond it. */
  get firstUnwritten(): number {
    return Math.min(this.letters[0]?.event.seq ?? Infinity, this.gaps[0]?.fromSeq ?? Infinity);
  }

  stands(nextSeq: number, state: CursorState): boolean {
    return this.cursor?.nextSeq === nextSeq && this.cursor.state === state && !this.hasUnwritten;
  }

  bury(entries: readonly Entry[]): void {
    for (const entry of entries) if (isLetter(entry)) this.letters.push(entry);
  }

  miss(gaps: readonly Gap[]): void {
    this.gaps.push(...gaps);
  }

  hold(slot: number): void {
    this.slots.push(slot);
  }

  releaseHeld(): void {
    for (const slot of this.slots) this.host.release(slot);
    this.slots = [];
  }

  release(entry: Entry): void {
    if (entry.slot >= 0) this.host.release(entry.slot);
    entry.slot = -1;
  }

  /** Takes all letters and gaps along. */
  write({ id: destination, tenant }: DestinationView, cursor: Write['cursor'], startedVersion?: number): void {
    const deadLetters: DeadLetter[] = this.letters.map(({ event, refusal }) => ({ event, refusal }));
    const write: Write = {
      ...(cursor ? { cursor } : {}),
      ...(startedVersion === undefined ? {} : { startedVersion }),
      deadLetters,
      gaps: [...this.gaps],
    };
    const id = this.host.nextId();
    this.writing = { id, write, letters: this.letters.length, gaps: this.gaps.length };
    this.host.emit({ kind: 'write', destination, tenant, id, write });
  }

  /** What was written, where `id` is the write on its way; the dead letters' records are released. */
  written(id: number): Write | undefined {
    const { writing } = this;
    if (writing?.id !== id) return undefined;
    this.writing = undefined;
    const { write } = writing;
    for (const letter of this.letters.splice(0, writing.letters)) this.release(letter);
    this.gaps.splice(0, writing.gaps);
    if (write.startedVersion !== undefined) this.startedVersion = write.startedVersion;
    if (write.cursor === 'delete') this.cursor = undefined;
    else if (write.cursor) this.cursor = { nextSeq: write.cursor.nextSeq, state: write.cursor.state };
    return write;
  }

  /** A fresh start: gaps behind it are nobody's business. */
  forgetGaps(): void {
    this.gaps.splice(this.writing?.gaps ?? 0);
  }

  /** The destination is deleted: nothing of it is written any more. */
  close(): void {
    for (const letter of this.letters) this.release(letter);
    this.letters = [];
    this.gaps = [];
    this.writing = undefined;
  }
}
