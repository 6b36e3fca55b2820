// One destination's machine: which events it owes, in which order, and who may forget them. It decides; it does no I/O and reads no clock.
import type { DeliverableEvent, Verdict } from '@auditlane/destinations';
import { Arrivals } from './arrivals';
import { backOffMs } from './back-off';
import type { ByteBudget } from './byte-budget';
import { Condition } from './condition';
import { Drain, type DrainingLane, type Purpose } from './drain';
import type {
  DestinationView,
  Effect,
  HealthState,
  Refusal,
  SavedPosition,
  StatusRow,
  StoredEvent,
  Write,
} from './effects';
import { EntryQueue, type Entry } from './entry-queue';
import { Flow } from './flow';
import type { Knobs } from './knobs';
import { Ledger } from './ledger';
import { Suspects } from './suspects';
import { rule, type Ruling } from './verdicts';

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

interface Flight {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly version: number;
  readonly startedAt: number;
  readonly purpose: Purpose;
  /** The lane does not owe these events any more. */
  detached: boolean;
  abortAt: number;
}

const abortedAlready = -Infinity;
const because = (reason: string): Refusal => ({ reason, code: '', words: '' });

export class Lane implements DrainingLane {
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

  private readonly drain: Drain;
  private readonly flow: Flow;
  private readonly arrivals = new Arrivals();
  private flight: Flight | undefined;
  /** Everything wanted up to here is in the queue or done. Unknown until the first event after a claim. */
  private through: number | undefined;
  private savedThrough: number;
  /** The last seq of the page that turned this lane: at or below it, an arrival is a repeat. */
  private floor = 0;
  private cursorReason = 'started';
  /** Disabled without a cursor that will do, and one is needed. */
  private cursorDue = false;
  private owedSince: number | undefined;
  private told: HealthState;
  private toldSince: number;

  constructor(
    private readonly host: LaneHost,
    settings: DestinationView,
    saved: SavedPosition | undefined,
    now: number,
  ) {
    this.settings = settings;
    this.requestEvents = settings.limits.events;
    this.ledger = new Ledger(host, saved);
    this.drain = new Drain(this, host);
    this.flow = new Flow(host.knobs, host.budgets.lanes, now);
    this.savedThrough = saved?.deliveredThrough ?? settings.startSeq - 1;
    if (saved?.cursor) this.through = saved.cursor.nextSeq - 1;
    this.mode = this.firstMode();
    // Spread out: after a restart every parked destination would knock at the same moment.
    if (this.mode === 'parked') this.condition.retryAt = now + Math.floor(host.random() * host.knobs.backoffBaseMs);
    if (saved?.health) this.condition.restore(saved.health);
    this.told = this.health(now);
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

  // ---------------------------------------------------------------- events from Kafka

  /** True: the record is held, it must not be committed before this lane releases it. */
  arrive(event: StoredEvent, slot: number, now: number): boolean {
    switch (this.mode) {
      case 'live':
      case 'settling':
        return this.arriveLive(event, slot, now);
      case 'turning':
        return this.arriveTurning(event, slot, now);
      case 'disabled':
        return this.arriveDisabled(event, slot);
      case 'parking':
        this.ledger.hold(slot);
        return true;
      case 'parked':
        if (this.suspects.lonely) this.lookAgain(now);
        return false;
      case 'starting':
      case 'draining':
        return false;
    }
  }

  private arriveLive(event: StoredEvent, slot: number, now: number): boolean {
    const order = this.orderOf(event.seq);
    if (order === 'repeat') return false;
    if (order === 'jump') {
      this.park(because('sequence_jump'), now);
      this.ledger.hold(slot);
      return true;
    }
    this.through = event.seq;
    if (!this.wants(event)) return false;
    const entry = this.entry(event, slot, now);
    this.host.budgets.lanes.add(entry.held);
    this.queue.push(entry);
    return true;
  }

  /** Judged before filters: an event that is not wanted shows as well that none is missing. */
  private orderOf(seq: number): 'next' | 'repeat' | 'jump' {
    if (this.through === undefined && seq <= this.savedThrough) this.through = this.savedThrough;
    if (this.through === undefined) return 'next';
    if (seq <= this.through) return 'repeat';
    return seq === this.through + 1 ? 'next' : 'jump';
  }

  private arriveTurning(event: StoredEvent, slot: number, now: number): boolean {
    const order = this.arrivals.note(event.seq);
    if (order === 'jump') this.abandonTurning();
    if (order !== 'next' || !this.wants(event)) return false;
    const entry = this.entry(event, slot, now);
    this.host.budgets.lanes.add(entry.held);
    this.arrivals.push(entry);
    return true;
  }

  private arriveDisabled(event: StoredEvent, slot: number): boolean {
    // With one due the row may be about to go: it was being deleted when this lane was disabled.
    if ((this.ledger.cursor && !this.cursorDue) || this.startsLater()) return false;
    if (!this.cursorDue) {
      const order = this.orderOf(event.seq);
      if (order === 'repeat') return false;
      if (order === 'next') {
        this.through = event.seq;
        if (!this.wants(event)) return false;
        this.through = event.seq - 1;
      }
      this.cursorDue = true;
    }
    this.ledger.hold(slot);
    return true;
  }

  private lookAgain(now: number): void {
    this.suspects.lonely = false;
    this.condition.retryAt = Math.min(this.condition.retryAt, now);
    this.wakeAt(now);
  }

  /** Before `arrive`: whether the batch should wait for room here. A lane that is not worth waiting for parks. */
  admit(event: StoredEvent, now: number): 'go' | 'wait' {
    this.flow.endWait(now);
    const bytes = event.canonical.length;
    if (this.mode === 'turning') {
      if (!this.flow.hasRoom(this.arrivals.count, this.arrivals.bytes, bytes)) this.abandonTurning();
      return 'go';
    }
    if (!this.isLive() || this.flow.hasRoom(this.queue.length, this.queue.bytes, bytes)) return 'go';
    const until = this.isFlowing(now) && !this.isTooOld(this.queue.first, now) ? this.flow.beginWait(now) : undefined;
    if (until === undefined) {
      this.park(because('lane_full'), now);
      return 'go';
    }
    this.wakeAt(Math.min(until, (this.condition.lastSuccessAt ?? now) + this.host.knobs.flowingMs + 1));
    return 'wait';
  }

  /** For a batch that waits for this lane. */
  isWorthAsking(now: number): boolean {
    if (this.removed || !this.isLive() || !this.isFlowing(now)) return true;
    return this.flow.isWorthAsking(this.queue.length, this.queue.bytes, now);
  }

  /** Bytes that parking would give back, where the lane does not deliver anyway. */
  bytesStandingStill(now: number): number {
    return this.mode === 'live' && !this.isFlowing(now) ? this.queue.bytes : 0;
  }

  relieve(now: number): void {
    this.park(because('lane_full'), now);
    this.step(now);
  }

  /** The place in the log is lost: what this lane has not seen must come from the store. `slot` waits until it does. */
  loseTrack(reason: 'position_unknown' | 'sequence_jump', now: number, slot: number | undefined): boolean {
    if (this.mode === 'turning') this.abandonTurning();
    else if (this.isLive()) {
      this.through ??= this.savedThrough;
      this.park(because(reason), now);
    } else if (this.mode === 'disabled' && !this.ledger.cursor && !this.startsLater()) {
      this.through ??= this.savedThrough;
      this.cursorDue = true;
    }
    const waits = slot !== undefined && (this.mode === 'parking' || this.cursorDue);
    if (waits) this.ledger.hold(slot);
    this.step(now);
    return waits;
  }

  // ---------------------------------------------------------------- answers from outside

  answer(id: number, verdicts: readonly Verdict[], now: number): void {
    const { flight } = this;
    if (flight?.id !== id) return;
    this.flight = undefined;
    if (flight.detached || this.removed) return;
    const ruling = rule(flight.entries, verdicts);
    const outdated = flight.version !== this.settings.version;
    this.note(flight, ruling, outdated, now);
    for (const entry of ruling.delivered) {
      this.suspects.take(entry);
      this.ledger.release(entry);
      if (flight.purpose === 'newest') this.suspects.markTaken(entry.event.seq);
    }
    // The newest is asked out of its turn: refused, it is none of the first in a row. Former settings' refusals mean nothing now.
    if (!outdated && flight.purpose !== 'newest') {
      for (const { entry, refusal } of ruling.refused) this.suspects.refuse(entry, refusal);
    }
    if (ruling.delivered.length > 0) this.succeed(flight, ruling, now);
    this.freed(this.queue.settleFront());
    if (outdated) this.condition.retryAt = now;
    else this.follow(flight, ruling, now);
  }

  private succeed({ purpose }: Flight, ruling: Ruling, now: number): void {
    this.condition.succeeded(now);
    this.changed = true;
    this.drain.cautious = false;
    this.suspects.succeeded();
    // What was refused while everything was refused gets another hearing; what was refused before a success is the fault itself.
    if (purpose === 'retest') this.suspects.forgive(this.queue);
    else this.ledger.bury(this.suspects.bury(this.queue, ruling.highestDelivered));
    if (!ruling.split && ruling.refused.length === 0) {
      this.requestEvents = Math.min(this.settings.limits.events, this.requestEvents * 2);
    }
  }

  private follow({ entries, purpose }: Flight, ruling: Ruling, now: number): void {
    const { suspects } = this;
    if (ruling.park) return this.fail(ruling.park, undefined, now, true);
    if (ruling.retry) return this.fail(ruling.retry, ruling.retry.afterMs, now, false);
    if (ruling.split) {
      this.requestEvents = Math.max(1, entries.length >> 1);
      return;
    }
    this.condition.retryAt = ruling.slowDown ? now + this.host.knobs.slowDownMs : now;
    const [first] = ruling.refused;
    if (!first) return;
    if (purpose === 'retest') suspects.retest = false;
    else if (purpose !== 'deliver') {
      suspects.failedRounds++;
      this.fail({ ...first.refusal, reason: 'refuses_everything' }, undefined, now, true);
    } else if (suspects.tooMany) this.fail({ ...first.refusal, reason: 'refuses_everything' }, undefined, now, true);
  }

  fail(refusal: Refusal, afterMs: number | undefined, now: number, parks: boolean): void {
    const { condition, host } = this;
    condition.failed(refusal, now);
    condition.retryAt = now + backOffMs(condition.attempts, afterMs, host.knobs, () => host.random());
    this.drain.cautious = true;
    this.changed = true;
    if (this.isLive()) {
      if (parks) this.park(refusal, now);
      return;
    }
    this.truncate();
    if (this.mode !== 'draining') return;
    this.mode = 'parked';
    this.cursorReason = refusal.reason;
  }

  private note(flight: Flight, ruling: Ruling, outdated: boolean, now: number): void {
    const problem = ruling.park ?? ruling.retry ?? ruling.refused[0]?.refusal;
    this.condition.record({
      at: flight.startedAt,
      ms: now - flight.startedAt,
      events: flight.entries.length,
      result: outdated ? 'aborted' : (problem?.reason ?? (ruling.split ? 'split' : 'delivered')),
      code: problem?.code ?? '',
    });
  }

  written(id: number, now: number): void {
    const write = this.ledger.written(id);
    if (!write || this.removed) return;
    this.changed = true;
    if (this.mode === 'settling' && write.cursor === 'delete') this.turnedLive();
    else if (this.mode === 'starting' && !this.startsLater()) {
      this.mode = 'draining';
      this.condition.retryAt = now;
    }
    if (!this.ledger.cursor) return;
    if (this.mode === 'parking') this.mode = 'parked';
    if (this.mode !== 'parked' && this.mode !== 'disabled') return;
    this.cursorDue = false;
    this.ledger.releaseHeld();
  }

  page(id: number, rows: readonly DeliverableEvent[], head: number, now: number): void {
    const page = this.drain.page(id, rows, head, now);
    if (!page) return;
    if (this.mode === 'turning') {
      if (page.complete) this.settle();
      else this.abandonTurning();
    } else if (page.complete && !this.queue.find((entry) => entry.state === 'pending')) this.drain.foundNothing(now);
  }

  // ---------------------------------------------------------------- settings

  configure(next: DestinationView, now: number): void {
    const previous = this.settings;
    this.settings = next;
    if (next.version === previous.version) return;
    this.changed = true;
    this.requestEvents = next.limits.events;
    if (this.flight) this.flight.abortAt = Math.min(this.flight.abortAt, now + this.host.knobs.abortGraceMs);
    this.suspects.forgive(this.queue);
    this.condition.forgive(now);
    if (this.startsLater()) this.restart();
    else if (!next.enabled) this.disable();
    else if (this.mode === 'disabled') this.resume();
  }

  /** Deleted: its cursor went with it, nobody is owed anything. */
  remove(now: number): void {
    this.removed = true;
    this.forget();
    this.ledger.close();
    if (this.flight) this.flight.abortAt = now + this.host.knobs.abortGraceMs;
  }

  /** The partition is not ours any more: nothing is sent or known from here on. */
  discard(): void {
    if (this.flight && this.flight.abortAt !== abortedAlready) this.abort(this.flight);
    this.removed = true;
    this.freed(this.queue.bytes + this.arrivals.bytes);
    this.drain.stop();
  }

  private restart(): void {
    this.forget();
    if (this.flight) this.flight.detached = true;
    this.through = undefined;
    this.mode = this.settings.enabled ? 'starting' : 'disabled';
  }

  private disable(): void {
    if (this.mode === 'disabled') return;
    if (this.mode === 'turning') this.abandonTurning();
    // Only a lane that owes nothing can do without a cursor until it skips something.
    const owes = this.ledger.cursor !== undefined || this.mode !== 'live' || this.queue.length > 0;
    if (owes) this.truncate();
    this.mode = 'disabled';
    this.cursorDue = owes;
  }

  private resume(): void {
    if (this.cursorDue || this.ledger.cursorOnItsWay) this.mode = 'parking';
    else this.mode = this.ledger.cursor ? 'parked' : 'live';
  }

  /** Not started yet for the start position that the settings have: they cover every event. */
  private startsLater(): boolean {
    return this.settings.startVersion > this.ledger.startedVersion;
  }

  private forget(): void {
    this.freed(this.queue.bytes);
    for (const entry of this.queue.cut(0)) this.ledger.release(entry);
    this.arrivals.drainTo((entry) => this.dismiss(entry));
    this.ledger.releaseHeld();
    this.ledger.forgetGaps();
    this.suspects.clear();
    this.drain.stop();
    this.cursorDue = false;
  }

  // ---------------------------------------------------------------- the next thing to do

  /** Does whatever the state calls for; called after every input that may have changed it. */
  step(now: number): void {
    if (this.flight && this.flight.abortAt <= now && this.flight.abortAt !== abortedAlready) this.abort(this.flight);
    if (!this.removed) {
      this.ripen(now);
      this.startWrite(now);
      this.proceed(now);
      this.tell(now);
    }
    this.arm(now);
  }

  /** What time alone brings about. */
  private ripen(now: number): void {
    const { condition, queue } = this;
    if (this.isLive() && this.isTooOld(queue.first, now)) {
      this.park(condition.failure ?? queue.first?.refusal ?? because('lane_too_old'), now);
      this.drain.cautious = true;
    } else if (this.mode === 'turning' && this.isTooOld(this.arrivals.oldest, now)) this.abandonTurning();
    else if (this.mode === 'parked' && !this.flight && !this.ledger.isWriting && now >= condition.retryAt) {
      this.mode = 'draining';
      this.suspects.retest = this.suspects.any;
    }
  }

  private proceed(now: number): void {
    if (this.flight || !this.settings.enabled || now < this.condition.retryAt) return;
    if (this.mode === 'live' || (this.mode === 'settling' && !this.hasSettled())) {
      this.send(this.queue.pick(this.requestEvents, this.settings.limits.bytes), 'deliver', now);
    } else if (this.isDraining() && !this.ledger.isWriting && !this.drain.isBusy) this.drain.next(now);
  }

  send(entries: readonly Entry[], purpose: Purpose, now: number): void {
    if (entries.length === 0) return;
    if (!this.host.maySend()) {
      this.wakeAt(now + this.host.knobs.recheckMs);
      return;
    }
    const { version } = this.settings;
    const id = this.host.nextId();
    this.flight = { id, entries, version, startedAt: now, purpose, detached: false, abortAt: Infinity };
    const events = entries.map((entry) => entry.event);
    this.host.emit({ kind: 'send', destination: this.id, id, version, events });
  }

  private abort(flight: Flight): void {
    flight.abortAt = abortedAlready;
    this.host.emit({ kind: 'abort', destination: this.id, id: flight.id });
  }

  private arm(now: number): void {
    let at = this.flight && this.flight.abortAt !== abortedAlready ? this.flight.abortAt : Infinity;
    if (!this.removed) {
      const oldest = this.mode === 'turning' ? this.arrivals.oldest : this.isLive() ? this.queue.first : undefined;
      if (oldest) at = Math.min(at, oldest.at + this.host.knobs.laneAgeMs);
      const { retryAt } = this.condition;
      if (!this.flight && retryAt > now && (oldest || this.mode === 'parked' || this.isDraining()))
        at = Math.min(at, retryAt);
    }
    if (at !== Infinity) this.wakeAt(at);
  }

  wakeAt(at: number): void {
    this.host.wake(this, at);
  }

  // ---------------------------------------------------------------- parking and the cursor row

  private park(refusal: Refusal, now: number): void {
    this.condition.retryAt = Math.max(this.condition.retryAt, now);
    this.cursorReason = refusal.reason;
    this.owedSince = this.queue.first?.at ?? now;
    this.truncate();
    this.mode = 'parking';
    this.changed = true;
  }

  /** Gives up what is queued, except for what is in flight: the cursor will cover the rest. */
  private truncate(): void {
    const position = this.position();
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
    this.drain.stop();
    this.through = this.queue.last?.event.seq ?? position - 1;
  }

  /** The lowest seq that is neither delivered nor in a dead letter (written, or in the next write). */
  private position(): number {
    return this.queue.firstOpen()?.event.seq ?? this.reached + 1;
  }

  private startWrite(now: number): void {
    if (this.ledger.isWriting) return;
    if (this.mode === 'starting') {
      this.savedThrough = this.settings.startSeq - 1;
      this.through = this.savedThrough;
      this.cursorReason = 'started';
      this.condition.retryAt = now;
      this.ledger.write(this.settings, this.cursorAt('parked'), this.settings.startVersion);
      return;
    }
    const cursor = this.wantedCursor();
    if (cursor || this.ledger.hasUnwritten) this.ledger.write(this.settings, cursor);
  }

  private wantedCursor(): Write['cursor'] {
    switch (this.mode) {
      case 'parking':
        return this.cursorAt('parked');
      case 'parked':
      case 'draining':
      case 'turning':
        return this.ledger.stands(this.position(), 'parked') ? undefined : this.cursorAt('parked');
      case 'settling':
        return this.hasSettled() ? 'delete' : undefined;
      case 'disabled':
        if (this.startsLater() || (!this.ledger.cursor && !this.cursorDue)) return undefined;
        return this.ledger.stands(this.position(), 'disabled') ? undefined : this.cursorAt('disabled');
      case 'starting':
      case 'live':
        break;
    }
    return undefined;
  }

  private cursorAt(state: 'parked' | 'disabled'): Exclude<Write['cursor'], 'delete'> {
    return { nextSeq: this.position(), state, reason: this.cursorReason };
  }

  // ---------------------------------------------------------------- turning live

  beginTurning(): void {
    this.mode = 'turning';
    this.arrivals.begin();
  }

  /** The page is here, and it is the last: its rows stand in the queue, the arrivals go behind them. */
  private settle(): void {
    const floor = this.reached;
    if (!this.arrivals.join(floor)) return this.abandonTurning();
    this.floor = floor;
    this.through = this.arrivals.through(floor);
    this.arrivals.drainTo((entry) => {
      if (entry.event.seq > floor) this.queue.push(entry);
      else this.dismiss(entry);
    });
    this.mode = 'settling';
  }

  /** The cursor covers what arrived; a page that is on its way is used as one of many. */
  private abandonTurning(): void {
    this.arrivals.drainTo((entry) => this.dismiss(entry));
    this.mode = 'draining';
  }

  private hasSettled(): boolean {
    const open = this.queue.firstOpen();
    return !open || open.event.seq > this.floor;
  }

  private turnedLive(): void {
    this.mode = 'live';
    this.owedSince = undefined;
    this.drain.stop();
    this.host.emit({ kind: 'live', destination: this.id });
  }

  // ---------------------------------------------------------------- small things

  get reached(): number {
    return this.through ?? this.savedThrough;
  }

  reach(seq: number): void {
    this.through = seq;
  }

  isDraining(): boolean {
    return this.mode === 'draining' && !this.removed;
  }

  wants(event: DeliverableEvent): boolean {
    return this.settings.wanted ? this.settings.wanted(event) : true;
  }

  row(event: DeliverableEvent, now: number): Entry {
    return { event, bytes: this.settings.size(event), held: 0, at: now, slot: -1, ...this.suspects.recall(event.seq) };
  }

  private entry(event: DeliverableEvent, slot: number, now: number): Entry {
    const bytes = this.settings.size(event);
    return { event, bytes, held: bytes, at: now, slot, state: 'pending', refusal: undefined };
  }

  private dismiss(entry: Entry): void {
    this.ledger.release(entry);
    this.freed(entry.held);
  }

  private freed(bytes: number): void {
    if (bytes > 0) this.host.budgets.lanes.give(bytes);
  }

  private isLive(): boolean {
    return this.mode === 'live' || this.mode === 'settling';
  }

  private isFlowing(now: number): boolean {
    return this.flow.isFlowing(this.condition.lastSuccessAt, now);
  }

  private isTooOld(entry: Entry | undefined, now: number): boolean {
    return entry !== undefined && now - entry.at >= this.host.knobs.laneAgeMs;
  }

  // ---------------------------------------------------------------- what others see

  health(now: number): HealthState {
    return this.settings.enabled ? this.condition.state(now, this.host.knobs.failingAfterMs) : 'disabled';
  }

  private tell(now: number): void {
    const state = this.health(now);
    if (state === this.told) return;
    this.host.emit({ kind: 'turned', destination: this.id, from: this.told, to: state });
    this.told = state;
    this.toldSince = now;
    this.changed = true;
  }

  /** What is not written yet must not be promised: a new owner would never write it. */
  get deliveredThrough(): number {
    if (this.through === undefined || this.startsLater()) return this.savedThrough;
    return Math.min(this.ledger.firstUnwritten, this.position()) - 1;
  }

  /** Events that could be delivered now: without those that wait for a next try. */
  runnable(now: number): number {
    if (this.condition.retryAt > now || !this.settings.enabled) return 0;
    return this.isLive() ? this.queue.length : Math.max(0, this.drain.knownHead - this.position() + 1);
  }

  oldestUnsentAt(): number | undefined {
    return this.isLive() ? this.queue.first?.at : this.owedSince;
  }

  /** The status row, with the attempts since the last one. */
  takeStatus(now: number): StatusRow {
    const { condition, settings } = this;
    this.changed = false;
    return {
      destination: settings.id,
      tenant: settings.tenant,
      startedVersion: this.ledger.startedVersion,
      deliveredThrough: this.deliveredThrough,
      state: this.health(now),
      reason: condition.failure?.reason ?? '',
      words: condition.failure?.words ?? '',
      since: this.toldSince,
      lastSuccessAt: condition.lastSuccessAt,
      oldestUnsentAt: this.oldestUnsentAt(),
      attempts: condition.takeLog(),
    };
  }

  /** It could not be written: due again. */
  giveBack(row: StatusRow): void {
    this.changed = true;
    this.condition.remember(row.attempts);
  }
}
