// What acknowledgement means for a lane: taken in is not delivered; ids are asked about; what is never acknowledged is gone back for.
import type { PollAnswer } from '@auditlane/destinations';
import type { Outstanding } from './acknowledgements';
import type { Refusal } from './effects';
import type { Entry } from './entry-queue';
import { because, type Flight, type Lane } from './lane';
import { fail } from './failing';
import type { Span } from './spans';
import type { Ruling } from './verdicts';

/** With these a receiver says that it took nothing in. After any other failure a request may have been given an id that nobody heard. */
const tookNothing: ReadonlySet<string> = new Set(['busy', 'rate_limited']);

/** Before candidates are judged: what was taken in need not be sent now, and holds no commit once a cursor covers it. */
export function takeIn(lane: Lane, { purpose }: Flight, { accepted }: Ruling): void {
  for (const entry of accepted) {
    lane.suspects.take(entry);
    if (entry.slot >= 0) lane.ledger.hold(entry.slot);
    entry.slot = -1;
    if (purpose === 'newest') lane.suspects.markTaken(entry.event.seq);
  }
}

/** After candidates were judged, while the queue still knows what lies between the events that were taken in. */
export function awaitAcknowledgement(lane: Lane, ruling: Ruling, now: number): void {
  const { acks } = lane;
  const { accepted, ackId, retry } = ruling;
  acks.proveFirst = ruling.unproven;
  if (ackId !== undefined) acks.accept(ackId, spansOf(lane, accepted), accepted.length, now);
  else if (retry && ruling.refused.length === 0 && !tookNothing.has(retry.reason)) acks.missAnswer();
  else if (ruling.delivered.length > 0 && ruling.refused.length === 0) acks.isOn = false;
  confirm(lane, acks.takeEarly(), now);
}

/** From their first to their last, without what was done before and lies between: that must not be sent again with them. */
function spansOf({ queue }: Lane, accepted: readonly Entry[]): readonly Span[] {
  const first = accepted[0]?.event.seq ?? 0;
  const last = accepted.at(-1)?.event.seq ?? 0;
  const together = new Set(accepted);
  const spans: Span[] = [];
  let from = first;
  for (const entry of queue) {
    const { seq } = entry.event;
    if (seq > last) break;
    if (seq < first || entry.state !== 'done' || together.has(entry)) continue;
    if (from < seq) spans.push({ from, to: seq - 1 });
    from = seq + 1;
  }
  return [...spans, { from, to: last }];
}

/** What time brings about: a poll, or going back for what was not acknowledged in time. Never while an answer is on its way. */
export function lookAfterAcknowledgements(lane: Lane, now: number): void {
  const { acks, host, settings } = lane;
  if (!acks.any || lane.flight || acks.isPolling) return;
  if (settings.enabled && acks.canAsk && acks.pollAt <= now) {
    if (!host.maySend()) return lane.wakeAt(now + host.knobs.recheckMs);
    const id = host.nextId();
    host.emit({ kind: 'poll', destination: lane.id, id, version: settings.version, ackIds: acks.ask(id) });
    return;
  }
  const doubted = acks.isInDoubt;
  const missing = acks.expire(now);
  if (missing.length === 0) return;
  if (!doubted) report(lane, missing, now);
  goBackFor(lane, missing);
}

export function polled(lane: Lane, id: number, answer: PollAnswer, now: number): void {
  const { acks } = lane;
  const asked = acks.endPoll(id);
  if (!asked || lane.removed) return;
  if (answer.kind === 'acknowledged') {
    const ids = new Set(answer.ackIds);
    const found = asked.filter(({ ackId }) => ids.has(ackId));
    acks.refusal = undefined;
    acks.pollNext(now);
    if (lane.flight) acks.keep(found);
    else confirm(lane, found, now);
  } else if (answer.kind === 'disabled') acks.turnOff();
  else {
    const { reason, code, words } = answer.verdict;
    acks.refusal = { reason, code: code ?? '', words: words ?? '' };
    const afterMs = answer.verdict.kind === 'retry' ? (answer.verdict.afterMs ?? 0) : 0;
    acks.pollNext(now, Math.min(afterMs, lane.host.knobs.retryAfterCapMs));
    if (reason === 'acknowledgement_required') fail(lane, acks.refusal, undefined, now, true);
  }
}

function confirm(lane: Lane, found: readonly Outstanding[], now: number): void {
  const events = lane.acks.confirm(found);
  if (events === 0) return;
  lane.condition.acknowledged(now);
  lane.changed = true;
  lane.host.emit({ kind: 'acknowledged', destination: lane.id, events });
}

function report(lane: Lane, missing: readonly Outstanding[], now: number): void {
  const said: Refusal = lane.acks.refusal ?? because('acknowledgement_missing');
  lane.condition.unacknowledged({ ...said, reason: 'acknowledgement_missing' }, now);
  lane.changed = true;
  const events = missing.reduce((sum, one) => sum + one.events, 0);
  lane.host.emit({ kind: 'unacknowledged', destination: lane.id, events, ...limitsOf(missing) });
}

function limitsOf(missing: readonly Outstanding[]): { fromSeq: number; toSeq: number } {
  let fromSeq = Infinity;
  let toSeq = 0;
  for (const { spans } of missing) {
    fromSeq = Math.min(fromSeq, spans[0]?.from ?? Infinity);
    toSeq = Math.max(toSeq, spans.at(-1)?.to ?? 0);
  }
  return { fromSeq, toSeq };
}

/** The reading goes back to the first of them, and comes past everything else that was sent already. */
function goBackFor(lane: Lane, missing: readonly Outstanding[]): void {
  const { acks, suspects } = lane;
  lane.truncate();
  const { reached } = lane;
  const { fromSeq } = limitsOf(missing);
  if (fromSeq <= reached) acks.past.add(fromSeq, reached);
  for (const { from, to } of missing.flatMap(({ spans }) => spans)) {
    acks.past.remove(from, to);
    suspects.unmark(from, to);
  }
  lane.through = Math.min(reached, fromSeq - 1);
}
