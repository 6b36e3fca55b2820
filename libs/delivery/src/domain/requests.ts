// Requests to a receiver, and what its answers mean for the events, for the ones refused, and for the next try.
import { backOffMs } from './back-off';
import type { Exchange, Refusal, Sent } from './effects';
import type { Entry } from './entry-queue';
import { abortedAlready, type Flight, type Lane, type Purpose } from './lane';
import { rule, type Ruling } from './verdicts';

/** A status row holds a hundred attempts: each keeps little of what a receiver said. */
const wordsCap = 200;

export function send(lane: Lane, entries: readonly Entry[], purpose: Purpose, now: number): void {
  if (entries.length === 0) return;
  if (!lane.host.maySend()) {
    lane.wakeAt(now + lane.host.knobs.recheckMs);
    return;
  }
  const { version } = lane.settings;
  const id = lane.host.nextId();
  lane.flight = { id, entries, version, startedAt: now, purpose, detached: false, abortAt: Infinity };
  const events = entries.map((entry) => entry.event);
  lane.host.emit({ kind: 'send', destination: lane.id, id, version, events });
}

export function abort(lane: Lane, flight: Flight): void {
  flight.abortAt = abortedAlready;
  lane.host.emit({ kind: 'abort', destination: lane.id, id: flight.id });
}

export function answer(lane: Lane, id: number, { verdicts, exchange }: Sent, now: number): void {
  const { flight } = lane;
  if (flight?.id !== id) return;
  lane.flight = undefined;
  if (flight.detached || lane.removed) return;
  const ruling = rule(flight.entries, verdicts);
  const outdated = flight.version !== lane.settings.version;
  note(lane, flight, ruling, exchange, outdated, now);
  for (const entry of ruling.delivered) {
    lane.suspects.take(entry);
    lane.ledger.release(entry);
    if (flight.purpose === 'newest') lane.suspects.markTaken(entry.event.seq);
  }
  // The newest is asked out of its turn: refused, it is none of the first in a row. Former settings' refusals mean nothing now.
  if (!outdated && flight.purpose !== 'newest') {
    for (const { entry, refusal } of ruling.refused) lane.suspects.refuse(entry, refusal);
  }
  if (ruling.delivered.length > 0) succeed(lane, flight, ruling, now);
  lane.freed(lane.queue.settleFront());
  if (outdated) lane.condition.retryAt = now;
  else follow(lane, flight, ruling, now);
}

function succeed(lane: Lane, { purpose }: Flight, ruling: Ruling, now: number): void {
  lane.condition.succeeded(now);
  lane.changed = true;
  lane.pages.cautious = false;
  lane.suspects.succeeded();
  // What was refused while everything was refused gets another hearing; what was refused before a success is the fault itself.
  if (purpose === 'retest') lane.suspects.forgive(lane.queue);
  else lane.ledger.bury(lane.suspects.bury(lane.queue, ruling.highestDelivered));
  if (!ruling.split && ruling.refused.length === 0) {
    lane.requestEvents = Math.min(lane.settings.limits.events, lane.requestEvents * 2);
  }
}

function follow(lane: Lane, { entries, purpose }: Flight, ruling: Ruling, now: number): void {
  const { suspects } = lane;
  if (ruling.park) return fail(lane, ruling.park, undefined, now, true);
  // Behind a refused event a receiver may not have looked any further: the rest is sent at once, nothing has failed.
  const unread = ruling.refused.length > 0 && ruling.retry?.afterMs === 0;
  if (ruling.retry && !unread) return fail(lane, ruling.retry, ruling.retry.afterMs, now, false);
  if (ruling.split) {
    lane.requestEvents = Math.max(1, entries.length >> 1);
    return;
  }
  lane.condition.retryAt = ruling.slowDown ? now + lane.host.knobs.slowDownMs : now;
  const [first] = ruling.refused;
  if (!first) return;
  if (purpose === 'retest') suspects.retest = false;
  else if (purpose !== 'deliver') {
    suspects.failedRounds++;
    fail(lane, { ...first.refusal, reason: 'refuses_everything' }, undefined, now, true);
  } else if (suspects.tooMany) fail(lane, { ...first.refusal, reason: 'refuses_everything' }, undefined, now, true);
}

export function fail(lane: Lane, refusal: Refusal, afterMs: number | undefined, now: number, parks: boolean): void {
  const { condition, host } = lane;
  condition.failed(refusal, now);
  condition.retryAt = now + backOffMs(condition.attempts, afterMs, host.knobs, () => host.random());
  lane.pages.cautious = true;
  lane.changed = true;
  if (lane.isLive()) {
    if (parks) lane.park(refusal, now);
    return;
  }
  lane.truncate();
  if (lane.mode !== 'draining') return;
  lane.mode = 'parked';
  lane.cursorReason = refusal.reason;
}

function note(
  lane: Lane,
  { startedAt, entries }: Flight,
  ruling: Ruling,
  exchange: Exchange | undefined,
  outdated: boolean,
  now: number,
): void {
  const problem = ruling.park ?? ruling.retry ?? ruling.refused[0]?.refusal;
  lane.condition.record({
    at: startedAt,
    ms: now - startedAt,
    events: entries.length,
    fromSeq: entries[0]?.event.seq ?? 0,
    toSeq: entries.at(-1)?.event.seq ?? 0,
    bytes: exchange?.bytes ?? 0,
    status: exchange?.status ?? 0,
    result: outdated ? 'aborted' : (problem?.reason ?? (ruling.split ? 'split' : 'delivered')),
    code: problem?.code ?? '',
    words: capped(exchange?.words || (problem?.words ?? '')),
  });
}

function capped(words: string): string {
  // Half of a character would not be text.
  return words.length <= wordsCap ? words : `${words.slice(0, wordsCap - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
