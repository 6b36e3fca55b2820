// What a replay has to write down: its position with the counts that lead to it, and its state. One write at a time, each of them whole.
import type { Refusal } from './effects';
import {
  isEnded,
  type ReplayCounts,
  type ReplayEffect,
  type ReplayOrder,
  type ReplayProgress,
  type ReplayState,
  type ReplayWish,
  type ReplayWrite,
} from './replay-effects';
import type { Settled } from './replay-pieces';

/** Events that are only counted need no write of their own each time. */
const countsEveryMs = 1_000;
const nothing: ReplayCounts = { delivered: 0, deadLettered: 0, unwanted: 0, missing: 0 };

export const because = (reason: string): Refusal => ({ reason, code: '', words: '' });

export class ReplayLog {
  private told: ReplayProgress;
  private isTold: boolean;
  private next: number;
  private since = nothing;
  private deadLetters: ReplayWrite['deadLetters'] = [];
  private taken: readonly number[] = [];
  private writing: number | undefined;
  private writtenAt = 0;
  private over = false;
  dueAt = Infinity;

  constructor(
    private readonly host: { emit(effect: ReplayEffect): void; nextId(): number },
    private readonly order: ReplayOrder,
    saved: ReplayProgress | undefined,
  ) {
    this.isTold = saved !== undefined;
    this.told = saved ?? { ...nothing, state: 'waiting', nextSeq: order.fromSeq, reason: '', words: '' };
    this.next = this.told.nextSeq;
    this.over = isEnded(this.told.state);
  }

  get nextSeq(): number {
    return this.next;
  }

  get delivered(): number {
    return this.told.delivered + this.since.delivered;
  }

  get isComplete(): boolean {
    return this.next > this.order.toSeq;
  }

  get isWriting(): boolean {
    return this.writing !== undefined;
  }

  get ended(): boolean {
    return this.over;
  }

  get progress(): ReplayProgress {
    return this.told;
  }

  add({ throughSeq, counts, deadLetters, delivered }: Settled): void {
    if (throughSeq === undefined) return;
    this.next = throughSeq + 1;
    this.since = sum(this.since, counts);
    this.deadLetters = [...this.deadLetters, ...deadLetters];
    this.taken = [...this.taken, ...delivered];
  }

  /** Writes what is worth a write. `wait`: why nothing is being sent; its reason is empty where nobody wants it to be. */
  tell(wish: ReplayWish, wait: Refusal | undefined, now: number): void {
    this.dueAt = Infinity;
    if (this.over || this.isWriting) return;
    const state = this.state(wish, wait);
    const { reason, words } = state === 'waiting' || state === 'paused' ? (wait ?? because('')) : because('');
    const same = this.isTold && this.told.state === state && this.told.reason === reason && this.told.words === words;
    const { delivered, deadLettered, unwanted, missing } = this.since;
    if (same && delivered + deadLettered === 0) {
      if (unwanted + missing > 0 && now < this.writtenAt + countsEveryMs) this.dueAt = this.writtenAt + countsEveryMs;
      if (unwanted + missing === 0 || now < this.writtenAt + countsEveryMs) return;
    }
    this.write({ ...sum(this.told, this.since), state, nextSeq: this.next, reason, words });
  }

  written(id: number, now: number): void {
    if (this.writing !== id) return;
    this.writing = undefined;
    this.writtenAt = now;
    this.over ||= isEnded(this.told.state);
  }

  abandon(): void {
    this.over = true;
  }

  private state(wish: ReplayWish, wait: Refusal | undefined): ReplayState {
    if (this.isComplete) return 'completed';
    if (wish === 'cancel') return 'cancelled';
    if (wish === 'pause' || wait?.reason === 'disabled') return 'paused';
    return wait ? 'waiting' : 'running';
  }

  private write(progress: ReplayProgress): void {
    const { since, deadLetters, taken: delivered, order } = this;
    const id = this.host.nextId();
    this.writing = id;
    this.told = progress;
    this.isTold = true;
    this.since = nothing;
    this.deadLetters = [];
    this.taken = [];
    this.host.emit({ kind: 'write', replay: order.id, id, order, write: { progress, since, deadLetters, delivered } });
  }
}

function sum(one: ReplayCounts, other: ReplayCounts): ReplayCounts {
  return {
    delivered: one.delivered + other.delivered,
    deadLettered: one.deadLettered + other.deadLettered,
    unwanted: one.unwanted + other.unwanted,
    missing: one.missing + other.missing,
  };
}
