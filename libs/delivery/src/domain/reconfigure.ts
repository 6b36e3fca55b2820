// What changed settings do to a lane: another receiver, disabled, resumed, started anew, deleted. And what losing the partition does.
import type { DestinationView } from './effects';
import { abortedAlready, type Lane } from './lane';
import { abort } from './requests';

export function configure(lane: Lane, next: DestinationView, now: number): void {
  const previous = lane.settings;
  lane.settings = next;
  if (next.version === previous.version) return;
  lane.changed = true;
  lane.requestEvents = next.limits.events;
  if (lane.flight) lane.flight.abortAt = Math.min(lane.flight.abortAt, now + lane.host.knobs.abortGraceMs);
  abortPoll(lane, lane.acks.doubt());
  lane.suspects.forgive(lane.queue);
  lane.condition.forgive(now);
  lane.dropUnwanted();
  if (lane.startsLater()) restart(lane);
  else if (!next.enabled) disable(lane);
  else if (lane.mode === 'disabled') resume(lane);
}

/** Deleted: its cursor went with it, nobody is owed anything. */
export function remove(lane: Lane, now: number): void {
  lane.removed = true;
  forget(lane);
  lane.ledger.close();
  if (lane.flight) lane.flight.abortAt = now + lane.host.knobs.abortGraceMs;
}

/** The partition is not ours any more: nothing is sent or known from here on. */
export function discard(lane: Lane): void {
  if (lane.flight && lane.flight.abortAt !== abortedAlready) abort(lane, lane.flight);
  abortPoll(lane, lane.acks.stop());
  lane.removed = true;
  lane.freed(lane.queue.bytes + lane.arrivals.bytes);
  lane.pages.stop();
}

function restart(lane: Lane): void {
  forget(lane);
  if (lane.flight) lane.flight.detached = true;
  lane.through = undefined;
  lane.mode = lane.settings.enabled ? 'starting' : 'disabled';
}

function disable(lane: Lane): void {
  if (lane.mode === 'disabled') return;
  if (lane.mode === 'turning') lane.abandonTurning();
  // Only a lane that owes nothing can do without a cursor until it skips something.
  const owes = lane.ledger.cursor !== undefined || lane.mode !== 'live' || lane.queue.length > 0;
  if (owes) lane.truncate();
  lane.mode = 'disabled';
  lane.cursorDue = owes;
}

function resume(lane: Lane): void {
  if (lane.cursorDue || lane.ledger.cursorOnItsWay) lane.mode = 'parking';
  else lane.mode = lane.ledger.cursor ? 'parked' : 'live';
}

function forget(lane: Lane): void {
  lane.freed(lane.queue.bytes);
  for (const entry of lane.queue.cut(0)) lane.ledger.release(entry);
  lane.arrivals.drainTo((entry) => lane.dismiss(entry));
  lane.ledger.releaseHeld();
  lane.ledger.forgetGaps();
  lane.suspects.clear();
  abortPoll(lane, lane.acks.clear());
  lane.pages.stop();
  lane.cursorDue = false;
}

/** At once: whatever it would say is of no use any more. */
function abortPoll(lane: Lane, id: number | undefined): void {
  if (id !== undefined) lane.host.emit({ kind: 'abort', destination: lane.id, id });
}
