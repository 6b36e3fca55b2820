// Turns a handler's outcomes into what the transport has to do. This is the only place that decides how far an offset may move.
import type { Outcome, OutgoingRecord, RetryReason } from '@auditlane/contracts';

/** The part of a record that settling needs. */
export interface Positioned {
  readonly offset: number;
  readonly undecodable?: { readonly lastOffset: number } | undefined;
}

export interface Settlement {
  /** How many records are done with; the rest is handed in again. */
  readonly done: number;
  /** Where reading goes on: one past the last record done. */
  readonly nextOffset: number;
  /** One past the last record before the first one held: what may be committed once `produce` is acknowledged. */
  readonly commitOffset: number;
  /** To be acknowledged before anything is committed, in order. */
  readonly produce: readonly OutgoingRecord[];
  /** Present where the rest has to wait. */
  readonly retry: { readonly reason: RetryReason; readonly afterMs: number } | undefined;
  /** Whether a record was taken over by the handler, which from now on commits by itself. */
  readonly held: boolean;
  readonly counts: ReadonlyMap<OutcomeLabel, number>;
}

/** Outcome kind and reason, as in the metric. */
export type OutcomeLabel = `${Outcome['kind']}:${string}`;

/**
 * Outcomes belong to the records of the same index and may stop early. The first `retry` ends the prefix, whatever stands behind it:
 * a record is never committed over one that is not done.
 */
export function settle(records: readonly Positioned[], outcomes: readonly Outcome[]): Settlement {
  const first = records[0];
  if (!first) throw new RangeError('there is nothing to settle: the batch is empty');
  if (outcomes.length > records.length)
    throw new RangeError(`a handler gave ${outcomes.length} outcomes for ${records.length} records`);

  const produce: OutgoingRecord[] = [];
  const counts = new Map<OutcomeLabel, number>();
  let retry: Settlement['retry'];
  let nextOffset = first.offset;
  let commitOffset = first.offset;
  let held = false;
  let done = 0;
  for (const [index, outcome] of outcomes.entries()) {
    const label = labelOf(outcome);
    counts.set(label, (counts.get(label) ?? 0) + 1);
    if (outcome.kind === 'retry') {
      retry = { reason: outcome.reason, afterMs: outcome.afterMs };
      break;
    }
    if ((outcome.kind === 'ok' || outcome.kind === 'dead') && outcome.emit) produce.push(outcome.emit);
    nextOffset = endOf(records[index] ?? first);
    held ||= outcome.kind === 'held';
    if (!held) commitOffset = nextOffset;
    done = index + 1;
  }
  return { done, nextOffset, commitOffset, produce, retry, held, counts };
}

/** One past the last offset that a record stands for. */
export const endOf = (record: Positioned): number => (record.undecodable?.lastOffset ?? record.offset) + 1;

const labelOf = (outcome: Outcome): OutcomeLabel => `${outcome.kind}:${'reason' in outcome ? outcome.reason : ''}`;

const kinds: ReadonlySet<unknown> = new Set<Outcome['kind']>(['ok', 'dead', 'drop', 'retry', 'held']);

/** Whether a handler really answered with outcomes: Nest hands its answer over untyped. */
export function areOutcomes(value: unknown): value is readonly Outcome[] {
  return Array.isArray(value) && value.every((item: unknown) => isKinded(item) && kinds.has(item.kind));
}

const isKinded = (item: unknown): item is { kind: unknown } =>
  typeof item === 'object' && item !== null && 'kind' in item;
