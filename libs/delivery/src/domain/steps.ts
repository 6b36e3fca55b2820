// The next thing a lane does, whatever happened before: park, write its position, send, read. And what a written position brings about.
import { lookAfterAcknowledgements } from './acknowledging';
import type { Write } from './effects';
import { drainNext } from './drain';
import { abortedAlready, awaiting, because, type Lane } from './lane';
import { health } from './lane-status';
import { abort, send } from './requests';

/** Does whatever the state calls for; called after every input that may have changed it. */
export function step(lane: Lane, now: number): void {
  if (lane.flight && lane.flight.abortAt <= now && lane.flight.abortAt !== abortedAlready) abort(lane, lane.flight);
  if (!lane.removed) {
    ripen(lane, now);
    lookAfterAcknowledgements(lane, now);
    startWrite(lane, now);
    proceed(lane, now);
    tell(lane, now);
  }
  arm(lane, now);
}

/** What time alone brings about. */
function ripen(lane: Lane, now: number): void {
  const { condition, queue } = lane;
  if (lane.isLive() && lane.isTooOld(queue.first, now)) {
    lane.park(condition.failure ?? queue.first?.refusal ?? because('lane_too_old'), now);
    lane.pages.cautious = true;
  } else if (lane.mode === 'turning' && lane.isTooOld(lane.arrivals.oldest, now)) lane.abandonTurning();
  else if (lane.mode === 'parked' && !lane.flight && !lane.ledger.isWriting && now >= condition.retryAt) {
    lane.mode = 'draining';
    lane.suspects.retest = lane.suspects.any;
  }
}

function proceed(lane: Lane, now: number): void {
  if (lane.flight || !lane.settings.enabled || now < lane.condition.retryAt) return;
  if (lane.mode === 'live' || (lane.mode === 'settling' && !lane.hasSettled())) {
    send(lane, lane.queue.pick(lane.requestEvents, lane.settings.limits.bytes), 'deliver', now);
  } else if (lane.mode === 'draining' && !lane.ledger.isWriting && !lane.pages.isBusy) drainNext(lane, now);
}

function arm(lane: Lane, now: number): void {
  let at = lane.flight && lane.flight.abortAt !== abortedAlready ? lane.flight.abortAt : Infinity;
  if (!lane.removed) {
    const oldest = lane.mode === 'turning' ? lane.arrivals.oldest : lane.isLive() ? lane.queue.first : undefined;
    if (oldest) at = Math.min(at, oldest.at + lane.host.knobs.laneAgeMs);
    const { retryAt } = lane.condition;
    if (!lane.flight && retryAt > now && (oldest || lane.mode === 'parked' || lane.mode === 'draining'))
      at = Math.min(at, retryAt);
    if (lane.acks.any && !lane.flight && !lane.acks.isPolling) {
      const next = lane.acks.nextAt(lane.settings.enabled);
      if (next > now) at = Math.min(at, next);
    }
  }
  if (at !== Infinity) lane.wakeAt(at);
}

function tell(lane: Lane, now: number): void {
  const state = health(lane, now);
  if (state === lane.told) return;
  lane.host.emit({ kind: 'turned', destination: lane.id, from: lane.told, to: state });
  lane.told = state;
  lane.toldSince = now;
  lane.changed = true;
}

function startWrite(lane: Lane, now: number): void {
  if (lane.ledger.isWriting) return;
  if (lane.mode === 'starting') {
    lane.savedThrough = lane.settings.startSeq - 1;
    lane.through = lane.savedThrough;
    lane.cursorReason = 'started';
    lane.condition.retryAt = now;
    lane.ledger.write(lane.settings, cursorAt(lane, 'parked'), lane.settings.startVersion);
    return;
  }
  const cursor = wantedCursor(lane);
  if (cursor || lane.ledger.hasUnwritten) lane.ledger.write(lane.settings, cursor);
}

function wantedCursor(lane: Lane): Write['cursor'] {
  switch (lane.mode) {
    case 'parking':
      return cursorAt(lane, 'parked');
    case 'parked':
    case 'draining':
    case 'turning':
      return lane.ledger.stands(lane.position(), 'parked') ? undefined : cursorAt(lane, 'parked');
    case 'settling':
      return lane.hasSettled() ? 'delete' : undefined;
    case 'disabled':
      if (lane.startsLater() || (!lane.ledger.cursor && !lane.cursorDue)) return undefined;
      return lane.ledger.stands(lane.position(), 'disabled') ? undefined : cursorAt(lane, 'disabled');
    case 'starting':
    case 'live':
      break;
  }
  return undefined;
}

function cursorAt(lane: Lane, state: 'parked' | 'disabled'): Exclude<Write['cursor'], 'delete'> {
  const well = lane.mode === 'draining' && !lane.condition.failure;
  const reason = lane.acks.isOn && well ? awaiting : lane.cursorReason;
  return { nextSeq: lane.position(), state, reason };
}

export function written(lane: Lane, id: number, now: number): void {
  const write = lane.ledger.written(id);
  if (!write || lane.removed) return;
  lane.changed = true;
  if (lane.mode === 'settling' && write.cursor === 'delete') turnedLive(lane);
  else if (lane.mode === 'starting' && !lane.startsLater()) {
    lane.mode = 'draining';
    lane.condition.retryAt = now;
  }
  if (!lane.ledger.cursor) return;
  if (lane.mode === 'parking') lane.mode = 'parked';
  if (lane.mode !== 'parked' && lane.mode !== 'disabled') return;
  lane.cursorDue = false;
  lane.ledger.releaseHeld();
}

function turnedLive(lane: Lane): void {
  lane.mode = 'live';
  lane.owedSince = undefined;
  lane.pages.stop();
  lane.host.emit({ kind: 'live', destination: lane.id });
}
