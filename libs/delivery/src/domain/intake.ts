// Events from Kafka on their way into a lane: taken, waited for, held, or left to the cursor.
import type { StoredEvent } from './effects';
import { because, heldBytes, type Lane } from './lane';

/** True: the record is held, it must not be committed before this lane releases it. */
export function arrive(lane: Lane, event: StoredEvent, slot: number, now: number): boolean {
  lane.pages.announce(event.seq);
  switch (lane.mode) {
    case 'live':
    case 'settling':
      return arriveLive(lane, event, slot, now);
    case 'turning':
      return arriveTurning(lane, event, slot, now);
    case 'disabled':
      return arriveDisabled(lane, event, slot);
    case 'parking':
      lane.ledger.hold(slot);
      return true;
    case 'parked':
      if (lane.suspects.lonely) lookAgain(lane, now);
      return false;
    case 'draining':
      lane.owedSince ??= now;
      return false;
    case 'starting':
      break;
  }
  return false;
}

function arriveLive(lane: Lane, event: StoredEvent, slot: number, now: number): boolean {
  const order = orderOf(lane, event.seq);
  if (order === 'repeat') return false;
  if (order === 'jump') {
    lane.park(because('sequence_jump'), now);
    lane.ledger.hold(slot);
    return true;
  }
  lane.through = event.seq;
  if (!lane.wants(event)) return false;
  const entry = lane.entry(event, slot, now);
  lane.host.budgets.lanes.add(entry.held);
  lane.queue.push(entry);
  return true;
}

/** Judged before filters: an event that is not wanted shows as well that none is missing. */
function orderOf(lane: Lane, seq: number): 'next' | 'repeat' | 'jump' {
  if (lane.through === undefined && seq <= lane.savedThrough) lane.through = lane.savedThrough;
  if (lane.through === undefined) return 'next';
  if (seq <= lane.through) return 'repeat';
  return seq === lane.through + 1 ? 'next' : 'jump';
}

function arriveTurning(lane: Lane, event: StoredEvent, slot: number, now: number): boolean {
  const order = lane.arrivals.note(event.seq);
  if (order === 'jump') lane.abandonTurning();
  if (order !== 'next' || !lane.wants(event)) return false;
  const entry = lane.entry(event, slot, now);
  lane.host.budgets.lanes.add(entry.held);
  lane.arrivals.push(entry);
  return true;
}

function arriveDisabled(lane: Lane, event: StoredEvent, slot: number): boolean {
  // With one due the row may be about to go: it was being deleted when this lane was disabled.
  if ((lane.ledger.cursor && !lane.cursorDue) || lane.startsLater()) return false;
  if (!lane.cursorDue) {
    const order = orderOf(lane, event.seq);
    if (order === 'repeat') return false;
    if (order === 'next') {
      lane.through = event.seq;
      if (!lane.wants(event)) return false;
      lane.through = event.seq - 1;
    }
    lane.cursorDue = true;
  }
  lane.ledger.hold(slot);
  return true;
}

function lookAgain(lane: Lane, now: number): void {
  lane.suspects.lonely = false;
  lane.condition.retryAt = Math.min(lane.condition.retryAt, now);
  lane.wakeAt(now);
}

/** Before `arrive`: whether the batch should wait for room here. A lane that is not worth waiting for parks. */
export function admit(lane: Lane, event: StoredEvent, now: number): 'go' | 'wait' {
  lane.flow.endWait(now);
  const bytes = heldBytes(event);
  if (lane.mode === 'turning') {
    if (!lane.flow.hasRoom(lane.arrivals.count, lane.arrivals.bytes, bytes)) lane.abandonTurning();
    return 'go';
  }
  if (!lane.isLive() || lane.flow.hasRoom(lane.queue.length, lane.queue.bytes, bytes)) return 'go';
  const until = lane.isFlowing(now) && !lane.isTooOld(lane.queue.first, now) ? lane.flow.beginWait(now) : undefined;
  if (until === undefined) {
    lane.park(because('lane_full'), now);
    return 'go';
  }
  lane.wakeAt(Math.min(until, (lane.condition.lastSuccessAt ?? now) + lane.host.knobs.flowingMs + 1));
  return 'wait';
}

/** For a batch that waits for this lane. */
export function isWorthAsking(lane: Lane, now: number): boolean {
  if (lane.removed || !lane.isLive() || !lane.isFlowing(now)) return true;
  return lane.flow.isWorthAsking(lane.queue.length, lane.queue.bytes, now);
}

/** Bytes that parking would give back, where the lane does not deliver anyway. */
export function bytesStandingStill(lane: Lane, now: number): number {
  return lane.mode === 'live' && !lane.isFlowing(now) ? lane.queue.bytes : 0;
}

export function relieve(lane: Lane, now: number): void {
  lane.park(because('lane_full'), now);
}

/** The place in the log is lost: what this lane has not seen must come from the store. `slot` waits until it does. */
export function loseTrack(
  lane: Lane,
  reason: 'position_unknown' | 'sequence_jump',
  now: number,
  slot: number | undefined,
): boolean {
  // Where it stands in the store, it has to see for itself.
  lane.pages.head = undefined;
  if (lane.mode === 'turning') lane.abandonTurning();
  else if (lane.isLive()) {
    lane.through ??= lane.savedThrough;
    lane.park(because(reason), now);
  } else if (lane.mode === 'disabled' && !lane.ledger.cursor && !lane.startsLater()) {
    lane.through ??= lane.savedThrough;
    lane.cursorDue = true;
  }
  const waits = slot !== undefined && (lane.mode === 'parking' || lane.cursorDue);
  if (waits) lane.ledger.hold(slot);
  return waits;
}
