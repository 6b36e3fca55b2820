// What a handler says of each record it was handed. Outcomes steer records; exceptions only ever mean a bug or a dead dependency.
import type { DropReason, QuarantineReason, RetryReason } from './reasons';

/** Headers as they go out: UTF-8 text or bytes. */
export type OutgoingHeaders = Readonly<Record<string, string | Buffer>>;

/** A record to be produced before the offset of its origin is committed. Without `partition` the key decides (`partitionOf`). */
export interface OutgoingRecord {
  readonly topic: string;
  readonly partition?: number;
  readonly key: string | null;
  readonly value: Buffer;
  readonly headers: OutgoingHeaders;
}

/**
 * - `ok`: done; `emit` is produced, then the offset may be committed.
 * - `dead`: put in quarantine under its reason; `emit` (where given) carries the original bytes there.
 * - `drop`: known and intended to end here.
 * - `retry`: nothing happened; this record and all after it come again, not before `afterMs`.
 * - `held`: taken over by the handler, which commits by itself once the record is done (forwarders).
 */
export type Outcome =
  | { readonly kind: 'ok'; readonly emit?: OutgoingRecord }
  | { readonly kind: 'dead'; readonly reason: QuarantineReason; readonly emit?: OutgoingRecord }
  | { readonly kind: 'drop'; readonly reason: DropReason }
  | { readonly kind: 'retry'; readonly reason: RetryReason; readonly afterMs: number }
  | { readonly kind: 'held' };

export const ok = (emit?: OutgoingRecord): Outcome => (emit ? { kind: 'ok', emit } : { kind: 'ok' });
export const dead = (reason: QuarantineReason, emit?: OutgoingRecord): Outcome =>
  emit ? { kind: 'dead', reason, emit } : { kind: 'dead', reason };
export const drop = (reason: DropReason): Outcome => ({ kind: 'drop', reason });
export const retry = (reason: RetryReason, afterMs: number): Outcome => ({ kind: 'retry', reason, afterMs });
export const held: Outcome = { kind: 'held' };
