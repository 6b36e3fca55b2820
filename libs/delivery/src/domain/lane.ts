// One destination's state: which events it owes, in which order, and who may forget them. What happens to it is in the files around: intake,
// requests, drain, reconfigure, steps. All of it decides; none of it does I/O or reads a clock.
import type { LaneReason } from '@auditlane/contracts';
import type { DeliverableEvent } from '@auditlane/destinations';
import { Acknowledgements } from './acknowledgements';
import { Arrivals } from './arrivals';
import type { ByteBudget } from './byte-budget';
import { Condition } from './condition';
import type { DestinationView, Effect, HealthState, Refusal, SavedPosition } from './effects';
import { EntryQueue, type Entry } from './entry-queue';
import { Flow } from './flow';
import type { Knobs } from './knobs';
import { Ledger } from './ledger';
import { PageReader } from './page-reader';
import { Suspects } from './suspects';

/**
 * - `starting`: the cursor of a new start position is being written; the settings row covers all events until it is.
 * - `live`: events come from Kafka and hold its commit until they are delivered.
 * - `parking`: the cursor is being written; it covers the held events once it is.
 * - `parked`, `draining`: the cursor covers everything; waiting for the next try, or reading from the store.
 * - `turning`: the last page is being read; arrivals are held from its request on.
 * - `settling`: that page and the arrivals behind it are being delivered; then the cursor goes.
 * - `disabled`: nothing is sent; the first event it skips gets it a cursor.
 */
export type Mode = 'starting' | 'live' | 'parking' | 'parked' | 'draining' | 'turning' | 'settling' | 'disabled';

/** What a lane needs of its partition and its process. */
export interface LaneHost {
  readonly knobs: Knobs;
  /** Bytes of all live lanes; of pages being drained; of pages for finding out whether a receiver is back. */
  readonly budgets: { readonly lanes: ByteBudget; readonly drains: ByteBudget; readonly probes: ByteBudget };
  emit(effect: Effect): void;
  nextId(): number;
  release(slot: number): void;
  wake(lane: Lane, at: number): void;
  /** Whether a request may start: false while the membership is in doubt. */
  maySend(): boolean;
  random(): number;
}

/** Why a request is made: to deliver, to ask for the first refused event again, or to see whether any later one is taken. */
export type Purpose = 'deliver' | 'retest' | 'later' | 'newest';

export interface Flight {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly version: number;
  readonly startedAt: number;
  readonly purpose: Purpose;
  /** The lane does not owe these events any more. */
  detached: boolean;
  abortAt: number;
}

/** What a record's headers and bookkeeping take in memory besides its value. */
const recordBytes = 2_048;

export const heldBytes = (event: DeliverableEvent): number => event.canonical.length + recordBytes;
/** Stands in `Flight.abortAt` once the abort was asked for. */
export const abortedAlready = -Infinity;
/** A cursor's reason while its lane is delivering well, and shows the next owner what kind of lane it is. */
export const awaiting: LaneReason = 'awaiting_acknowledgement';
export const because = (reason: string): Refusal => ({ reason, code: '', words: '' });

export class Lane {
  mode: Mode;
  settings: DestinationView;
  readonly queue = new EntryQueue();
  readonly suspects = new Suspects();
  readonly ledger: Ledger;
  readonly condition = new Condition();
  /** How many events a request may carry: halved where one was too large, doubled by success. */
  requestEvents: number;
  /** When the wake that is armed will come; kept by the partition, as is the next one. */
  armedAt = Infinity;
  touched = false;
  removed = false;
  /** Since the last status row. */
  changed = false;

  readonly acks: Acknowledgements;
  readonly pages: PageReader;
  readonly flow: Flow;
  readonly arrivals = new Arrivals();
  flight: Flight | undefined;
  /** Everything wanted up to here is in the queue or done. Unknown until the first event after a claim. */
  through: number | undefined;
  savedThrough: number;
  /** The last seq of the page that turned this lane: at or below it, an arrival is a repeat. */
  floor = 0;
  cursorReason = 'started';
  /** Disabled without a cursor that will do, and one is needed. */
  cursorDue = false;
  owedSince: number | undefined;
  told: HealthState;
  toldSince: number;

  constructor(
    readonly host: LaneHost,
    settings: DestinationView,
    saved: SavedPosition | undefined,
    now: number,
  ) {
    this.settings = settings;
    this.requestEvents = settings.limits.events;
    this.ledger = new Ledger(host, saved);
    this.acks = new Acknowledgements(host.knobs);
    this.acks.isOn = saved?.cursor?.reason === awaiting;
    this.pages = new PageReader(host, () => this.isGranted());
    this.flow = new Flow(host.knobs, host.budgets.lanes, now);
    this.savedThrough = saved?.deliveredThrough ?? settings.startSeq - 1;
    if (saved?.cursor) {
      this.through = saved.cursor.nextSeq - 1;
      this.owedSince = saved.cursor.since;
    }
    this.mode = this.firstMode();
    // Spread out: after a restart every parked destination would knock at the same moment.
    if (this.mode === 'parked') this.condition.retryAt = now + Math.floor(host.random() * host.knobs.backoffBaseMs);
    if (saved?.health) this.condition.restore(saved.health);
    this.told = settings.enabled ? this.condition.state(now, host.knobs.failingAfterMs) : 'disabled';
    this.toldSince = saved?.health?.since ?? now;
  }

  private firstMode(): Mode {
    if (!this.settings.enabled) return 'disabled';
    if (this.startsLater()) return 'starting';
    return this.ledger.cursor ? 'parked' : 'live';
  }

  get id(): string {
    return this.settings.id;
  }

  get inFlight(): boolean {
    return this.flight !== undefined;
  }

  /** Not started yet for the start position that the settings have: they cover every event. */
  startsLater(): boolean {
    return this.settings.startVersion > this.ledger.startedVersion;
  }

  wakeAt(at: number): void {
    this.host.wake(this, at);
  }

  park(refusal: Refusal, now: number): void {
    this.condition.retryAt = Math.max(this.condition.retryAt, now);
    this.cursorReason = refusal.reason;
    this.owedSince = this.queue.first?.at ?? now;
    this.truncate();
    this.mode = 'parking';
    this.changed = true;
  }

  /** Gives up what is queued, except for what is in flight: the cursor will cover the rest. */
  truncate(): void {
    const open = this.firstOpen();
    const last = this.flight && !this.flight.detached ? this.flight.entries.at(-1) : undefined;
    let keep = 0;
    for (const entry of this.queue) {
      if (entry.slot >= 0) this.ledger.hold(entry.slot);
      entry.slot = -1;
      if (last && entry.event.seq <= last.event.seq) keep++;
    }
    const before = this.queue.bytes;
    this.suspects.remember(this.queue.cut(keep));
    this.freed(before - this.queue.bytes);
    this.pages.stop();
    this.through = this.queue.last?.event.seq ?? open - 1;
  }

  /** The lowest seq that is neither delivered nor in a dead letter (written, or in the next write). */
  position(): number {
    return Math.min(this.acks.lowest, this.firstOpen());
  }

  /** The lowest seq that has still to be taken by the receiver, acknowledged or not. */
  firstOpen(): number {
    return this.queue.firstOpen()?.event.seq ?? this.reached + 1;
  }

  /** The cursor covers what arrived; a page that is on its way is used as one of many. */
  abandonTurning(): void {
    this.arrivals.drainTo((entry) => this.dismiss(entry));
    this.mode = 'draining';
  }

  beginTurning(): void {
    this.mode = 'turning';
    this.arrivals.begin();
  }

  hasSettled(): boolean {
    const open = this.queue.firstOpen();
    return !open || open.event.seq > this.floor;
  }

  get reached(): number {
    return this.through ?? this.savedThrough;
  }

  /** The leave to read a page has come; false: it is not wanted any more. */
  private isGranted(): boolean {
    this.wakeAt(0);
    return this.mode === 'draining' && !this.removed;
  }

  wants(event: DeliverableEvent): boolean {
    return this.settings.wanted ? this.settings.wanted(event) : true;
  }

  /** Another filter is in force at once: what waits and is not wanted any more is not sent. What was passed over before it stays so. */
  dropUnwanted(): void {
    if (this.mode === 'turning') this.abandonTurning();
    const flying = new Set(this.flight?.entries);
    for (const entry of this.queue) {
      if (entry.state !== 'pending' || flying.has(entry) || this.wants(entry.event)) continue;
      this.ledger.release(entry);
      entry.state = 'done';
    }
    this.freed(this.queue.settleFront());
  }

  row(event: DeliverableEvent, now: number): Entry {
    return { event, bytes: this.settings.size(event), held: 0, at: now, slot: -1, ...this.suspects.recall(event.seq) };
  }

  entry(event: DeliverableEvent, slot: number, now: number): Entry {
    const bytes = this.settings.size(event);
    return { event, bytes, held: heldBytes(event), at: now, slot, state: 'pending', refusal: undefined };
  }

  dismiss(entry: Entry): void {
    this.ledger.release(entry);
    this.freed(entry.held);
  }

  freed(bytes: number): void {
    if (bytes > 0) this.host.budgets.lanes.give(bytes);
  }

  isLive(): boolean {
    return this.mode === 'live' || this.mode === 'settling';
  }

  isFlowing(now: number): boolean {
    return this.flow.isFlowing(this.condition.lastSuccessAt, now);
  }

  isTooOld(entry: Entry | undefined, now: number): boolean {
    return entry !== undefined && now - entry.at >= this.host.knobs.laneAgeMs;
  }
}
