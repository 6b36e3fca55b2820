// The words between the deciding part of a replay and its edge: what was ordered, how far it is, and what is asked of the outside.
import type { DeliverableEvent } from '@auditlane/destinations';
import type { DeadLetter, Effect, ReadRequest } from './effects';

export type ReplayKind = 'range' | 'dead_letters';
export type ReplayWish = 'run' | 'pause' | 'cancel';
export type ReplayState = 'running' | 'waiting' | 'paused' | 'completed' | 'cancelled';

/** As an admin ordered it. Only the wish ever changes. */
export interface ReplayOrder {
  readonly id: string;
  readonly destination: string;
  readonly tenant: string;
  readonly kind: ReplayKind;
  readonly fromSeq: number;
  readonly toSeq: number;
  readonly wish: ReplayWish;
  readonly createdAt: number;
}

/** How events left the replay. A range ends with their sum at `toSeq − fromSeq + 1`, a resend of dead letters at the number of letters. */
export interface ReplayCounts {
  readonly delivered: number;
  readonly deadLettered: number;
  readonly unwanted: number;
  readonly missing: number;
}

export interface ReplayProgress extends ReplayCounts {
  readonly state: ReplayState;
  readonly nextSeq: number;
  readonly reason: string;
  readonly words: string;
}

/** One transaction: the position, its counts, and what became of the events between the last position and this one. */
export interface ReplayWrite {
  readonly progress: ReplayProgress;
  /** Since the last write; for the counters of the process. */
  readonly since: ReplayCounts;
  readonly deadLetters: readonly DeadLetter[];
  /** The seqs that were taken: where a dead letter of one stands, it goes. */
  readonly delivered: readonly number[];
}

/** A letter to be sent again. Without an event retention has removed it; one that does not stand any more was settled by another replay. */
export interface Letter {
  readonly seq: number;
  readonly stands: boolean;
  readonly event: DeliverableEvent | undefined;
}

type SendEffect = Extract<Effect, { kind: 'send' }>;
interface Of {
  readonly replay: string;
  /** Ties the answer to the question; an answer to an older one is ignored. */
  readonly id: number;
}

export type ReplayEffect =
  | (Of & Omit<SendEffect, 'id'>)
  | (Of & { readonly kind: 'abort' })
  | (Of & { readonly kind: 'read'; readonly tenant: string; readonly read: ReadRequest })
  | (Of & { readonly kind: 'read_letters'; readonly tenant: string; readonly read: ReadRequest })
  | (Of & { readonly kind: 'write'; readonly order: ReplayOrder; readonly write: ReplayWrite });

export const isEnded = (state: ReplayState): boolean => state === 'completed' || state === 'cancelled';
