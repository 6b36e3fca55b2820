// Catching up from the store: which events to send next while a cursor covers everything, and what a page of rows means.
import type { DeliverableEvent } from '@auditlane/destinations';
import { fail } from './failing';
import { heldBytes, type Lane } from './lane';
import { examinePage } from './page';
import { send } from './requests';

export function drainNext(lane: Lane, now: number): void {
  const { acks, queue, suspects, settings } = lane;
  // Until something is acknowledged, or has waited too long: that may take minutes, and no page is held for them.
  if (acks.isFull) return lane.truncate();
  const first = queue.firstOpen();
  if (first?.state === 'pending') suspects.retest = false;
  else if (first && suspects.retest) return send(lane, [first], 'retest', now);
  else if (first && suspects.tooMany) return probe(lane, now);
  const { cautious } = lane.pages;
  let most = cautious ? Math.min(lane.host.knobs.probeEvents, lane.requestEvents) : lane.requestEvents;
  if (acks.proveFirst > 0) most = Math.min(most, acks.proveFirst);
  const entries = queue.pick(most, settings.limits.bytes);
  if (entries.length > 0) send(lane, entries, 'deliver', now);
  else readOn(lane);
}

export function page(lane: Lane, id: number, rows: readonly DeliverableEvent[], head: number, now: number): void {
  const reading = lane.pages.take(id, bytesOf(rows));
  if (!reading) return;
  if (reading.purpose === 'newest') return sendNewest(lane, rows, now);
  const complete = takePage(lane, reading.fromSeq, rows, head, now);
  if (lane.mode === 'turning') {
    if (complete) settle(lane);
    else lane.abandonTurning();
  } else if (complete && !lane.queue.find((entry) => entry.state === 'pending')) foundNothing(lane, now);
}

const bytesOf = (rows: readonly DeliverableEvent[]): number => rows.reduce((sum, row) => sum + heldBytes(row), 0);

function takePage(lane: Lane, fromSeq: number, rows: readonly DeliverableEvent[], head: number, now: number): boolean {
  const { past } = lane.acks;
  const examined = examinePage(fromSeq, rows, head);
  lane.pages.head = head;
  // What was sent before it went is no gap.
  for (const { fromSeq, toSeq } of examined.gaps) {
    lane.ledger.miss(past.outside({ from: fromSeq, to: toSeq }).map(({ from, to }) => ({ fromSeq: from, toSeq: to })));
  }
  for (const event of rows) {
    if (!lane.wants(event)) continue;
    const entry = lane.row(event, now);
    if (past.has(event.seq)) entry.state = 'done';
    lane.queue.push(entry);
  }
  lane.through = past.leap(examined.through);
  lane.suspects.forgetThrough(lane.through);
  lane.queue.settleFront();
  return lane.through >= head;
}

/** Refused events stay alone, or there is nothing left to be careful about. */
function foundNothing(lane: Lane, now: number): void {
  if (!lane.suspects.any) lane.pages.cautious = false;
  else if (!lane.suspects.retest) nothingLater(lane, now);
}

/** The page is here, and it is the last: its rows stand in the queue, the arrivals go behind them. */
function settle(lane: Lane): void {
  const floor = lane.reached;
  if (!lane.arrivals.join(floor)) return lane.abandonTurning();
  lane.floor = floor;
  lane.through = lane.arrivals.through(floor);
  lane.arrivals.drainTo((entry) => {
    if (entry.event.seq > floor) lane.queue.push(entry);
    else lane.dismiss(entry);
  });
  lane.mode = 'settling';
}

/** Refused three in a row: does it take any other? First one later event, from the second round on the newest. */
function probe(lane: Lane, now: number): void {
  const { pages, queue, reached, suspects } = lane;
  const beyond = pages.head === undefined || pages.head > reached;
  if (suspects.beyondQueue && beyond) return readOn(lane);
  const again = suspects.failedRounds > 0;
  if (again && beyond && pages.head !== undefined) {
    const { probeEvents: maxEvents, pageBytes: maxBytes } = lane.host.knobs;
    const fromSeq = Math.max(pages.head - maxEvents, reached) + 1;
    return pages.read(lane.settings, 'newest', { fromSeq, maxEvents, maxBytes });
  }
  const pending = [...queue].filter((entry) => entry.state === 'pending');
  const chosen = again ? pending.at(-1) : pending[0];
  if (chosen) send(lane, [chosen], again ? 'newest' : 'later', now);
  else if (beyond) readOn(lane);
  else nothingLater(lane, now);
}

function sendNewest(lane: Lane, rows: readonly DeliverableEvent[], now: number): void {
  const newest = rows.filter((row) => lane.wants(row)).at(-1);
  if (newest) send(lane, [lane.row(newest, now)], 'newest', now);
  else nothingLater(lane, now);
}

/** Refused events, and nothing after them that could tell whose fault it is. */
function nothingLater(lane: Lane, now: number): void {
  const { queue, suspects } = lane;
  const said = queue.firstOpen()?.refusal ?? { reason: 'refuses_everything', code: '', words: '' };
  const { tooMany } = suspects;
  fail(lane, tooMany ? { ...said, reason: 'refuses_everything' } : said, undefined, now, true);
  suspects.lonely = !tooMany;
}

function readOn(lane: Lane): void {
  const { acks, pages, queue, reached, settings, suspects } = lane;
  const { knobs, budgets } = lane.host;
  const { cautious, head } = pages;
  if (acks.drives && !suspects.any && pages.isCaughtUp(reached)) return rest(lane);
  const maxBytes = cautious ? knobs.probeBytes : Math.min(settings.limits.bytes, knobs.pageBytes);
  if (!pages.mayHold(cautious ? budgets.probes : budgets.drains, maxBytes)) return;
  const near = head !== undefined && head - reached <= settings.limits.events;
  // The rest fits one request: from here on the lane listens to Kafka again.
  if (near && !cautious && !suspects.any && !acks.drives && queue.length === 0) lane.beginTurning();
  // Few of a page may be wanted under a filter: what is read is bounded by bytes then, and what is sent by drainNext.
  const most = cautious && !settings.wanted ? knobs.probeEvents : settings.limits.events;
  const maxEvents = Math.min(most, (acks.past.nextAfter(reached) ?? Infinity) - reached - 1);
  pages.read(settings, 'page', { fromSeq: reached + 1, maxEvents, maxBytes });
}

/** Everything was sent: the next arrival goes on, and until then no memory is held. */
function rest(lane: Lane): void {
  lane.pages.rest();
  lane.owedSince = undefined;
}
