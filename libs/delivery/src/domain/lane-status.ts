// How a lane fares, for its status row, for metrics and for people.
import { poisonReasons } from '@auditlane/contracts';
import type { HealthState, Refusal, StatusRow } from './effects';
import type { Lane } from './lane';

const poison: ReadonlySet<string> = new Set(poisonReasons);

export function health(lane: Lane, now: number): HealthState {
  return lane.settings.enabled ? lane.condition.state(now, lane.host.knobs.failingAfterMs) : 'disabled';
}

/** What is not written yet must not be promised: a new owner would never write it. */
function deliveredThrough(lane: Lane): number {
  if (lane.through === undefined || lane.startsLater()) return lane.savedThrough;
  return Math.min(lane.ledger.firstUnwritten, lane.position()) - 1;
}

/** Events that could be delivered now: without those that wait for a next try. */
export function runnable(lane: Lane, now: number): number {
  if (lane.condition.retryAt > now || !lane.settings.enabled) return 0;
  return lane.isLive() ? lane.queue.length : Math.max(0, (lane.pages.head ?? 0) - lane.firstOpen() + 1);
}

export function oldestUnsentAt(lane: Lane): number | undefined {
  if (lane.isLive()) return lane.queue.first?.at;
  const { oldestSentAt } = lane.acks;
  return oldestSentAt === undefined ? lane.owedSince : Math.min(oldestSentAt, lane.owedSince ?? Infinity);
}

/** What keeps a lane from delivering anything. An event that was refused does not: the receiver may well take others. */
export function obstacle(lane: Lane): Refusal | undefined {
  const { failure } = lane.condition;
  return failure && poison.has(failure.reason) ? undefined : failure;
}

/** The status row, with the attempts since the last one. */
export function takeStatus(lane: Lane, now: number): StatusRow {
  const { condition, settings } = lane;
  lane.changed = false;
  return {
    destination: settings.id,
    tenant: settings.tenant,
    startedVersion: lane.ledger.startedVersion,
    deliveredThrough: deliveredThrough(lane),
    state: health(lane, now),
    reason: condition.failure?.reason ?? '',
    words: condition.failure?.words ?? '',
    since: lane.toldSince,
    failingSince: condition.failingSince,
    lastSuccessAt: condition.lastSuccessAt,
    oldestUnsentAt: oldestUnsentAt(lane),
    attempts: condition.takeLog(),
  };
}

/** It could not be written: due again. */
export function giveBack(lane: Lane, row: StatusRow): void {
  lane.changed = true;
  lane.condition.remember(row.attempts);
}
