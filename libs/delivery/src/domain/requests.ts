// Requests to a receiver, and what its answers mean for the events, for the ones refused, and for the next try.
import { awaitAcknowledgement, takeIn } from './acknowledging';
import type { Exchange, Sent } from './effects';
import type { Entry } from './entry-queue';
import { fail } from './failing';
import { abortedAlready, awaiting, because, type Flight, type Lane, type Purpose } from './lane';
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
  const outdated = flight.version !== lane.settings.version;
  const ruling = rule(flight.entries, verdicts, { isAwaited: true, isOn: lane.acks.isOn });
  note(lane, flight, ruling, exchange, outdated, now);
  for (const entry of ruling.delivered) {
    lane.suspects.take(entry);
    lane.ledger.release(entry);
    if (flight.purpose === 'newest') lane.suspects.markTaken(entry.event.seq);
  }
  // Former settings' ids mean nothing now: what they were given for is sent again.
  if (!outdated) takeIn(lane, flight, ruling);
  // The newest is asked out of its turn: refused, it is none of the first in a row. Former settings' refusals mean nothing now.
  if (!outdated && flight.purpose !== 'newest') {
    for (const { entry, refusal } of ruling.refused) lane.suspects.refuse(entry, refusal);
  }
  if (!outdated && flight.purpose === 'retest' && ruling.refused.length > 0) condemn(lane);
  if (ruling.delivered.length > 0 || (!outdated && ruling.highestTaken >= 0)) succeed(lane, flight, ruling, now);
  if (!outdated) awaitAcknowledgement(lane, ruling, now);
  lane.freed(lane.queue.settleFront());
  if (outdated) {
    lane.condition.retryAt = now;
    lane.dropUnwanted();
  } else follow(lane, flight, ruling, now);
  if (lane.acks.drives && lane.isLive()) lane.park(because(awaiting), now);
}

function succeed(lane: Lane, { purpose }: Flight, ruling: Ruling, now: number): void {
  if (ruling.delivered.length > 0) lane.condition.succeeded(now);
  else lane.condition.takenIn();
  lane.changed = true;
  lane.pages.cautious = false;
  lane.suspects.succeeded();
  // What was refused while everything was refused gets another hearing; what was refused before a success is the fault itself.
  if (purpose === 'retest') lane.suspects.forgive(lane.queue);
  else if (purpose !== 'deliver') lane.suspects.prove(ruling.highestTaken);
  else lane.ledger.bury(lane.suspects.bury(lane.queue, ruling.highestTaken));
  if (!ruling.split && ruling.refused.length === 0) {
    lane.requestEvents = Math.min(lane.settings.limits.events, lane.requestEvents * 2);
  }
}

/** Refused again by a receiver that has taken a later event in between. */
function condemn({ ledger, queue, suspects }: Lane): void {
  if (suspects.provenThrough === undefined) return;
  ledger.bury(suspects.bury(queue, suspects.provenThrough));
  suspects.provenThrough = undefined;
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
    result: outdated
      ? 'aborted'
      : (problem?.reason ?? (ruling.split ? 'split' : ruling.accepted.length > 0 ? 'accepted' : 'delivered')),
    code: problem?.code ?? '',
    words: capped(exchange?.words || (problem?.words ?? '')),
  });
}

function capped(words: string): string {
  // Half of a character would not be text.
  return words.length <= wordsCap ? words : `${words.slice(0, wordsCap - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}
