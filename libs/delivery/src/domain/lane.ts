// One destination's machine: which events it owes, in which order, and who may forget them. It decides; it does no I/O and reads no clock.
import type { PoisonReason } from '@auditlane/contracts';
import type { DeliverableEvent, Verdict } from '@auditlane/destinations';
import { backOffMs } from './back-off';
import type { ByteBudget } from './byte-budget';
import { Condition } from './condition';
import type {
  DeadLetter,
  DestinationView,
  Effect,
  Gap,
  HealthState,
  ReadRequest,
  Refusal,
  SavedPosition,
  StatusRow,
  StoredEvent,
  Write,
} from './effects';
import { EntryQueue, type Entry } from './entry-queue';
import type { Knobs } from './knobs';
import { examinePage } from './page';
import { Patience } from './patience';
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
  /** Of a lane that does not owe these events any more. */
  detached: boolean;
  abortAt: number;
  /** Asked again before others: the first candidate, or a later event that tells whether anything is taken at all. */
  readonly purpose: 'deliver' | 'retest' | 'later' | 'newest';
}

interface Writing {
  readonly id: number;
  readonly write: Write;
  readonly letters: readonly Entry[];
  readonly gaps: number;
}

const candidatesAtMost = 3;

export class Lane {
  mode: Mode;
  settings: DestinationView;
  readonly condition = new Condition();
  /** When the wake that is armed will come; kept by the partition. */
  armedAt = Infinity;
  touched = false;
  removed = false;

  private readonly queue = new EntryQueue();
  /** Everything wanted up to here is in the queue or done. Unknown until the first event after a claim. */
  private through: number | undefined;
  private cursor: { nextSeq: number; state: string } | undefined;
  private cursorReason: string = 'started';
  private startedVersion: number;
  private savedThrough: number;

  private flight: Flight | undefined;
  private writing: Writing | undefined;
  private reading: { readonly id: number; readonly purpose: 'page' | 'newest'; readonly fromSeq: number } | undefined;
  private reservation: { readonly budget: ByteBudget; readonly bytes: number } | undefined;
  private awaiting: ByteBudget | undefined;

  /** Slots that are released once a cursor is written. */
  private parkedSlots: number[] = [];
  /** Disabled without a cursor, and one is needed. */
  private cursorDue = false;
  private letters: Entry[] = [];
  private gaps: Gap[] = [];
  /** What is known of events beyond the queue: taken already, or refused. */
  private readonly marks = new Map<number, Refusal<PoisonReason> | 'done'>();
  private candidates = 0;
  private retest = false;
  private probesFailed = 0;
  /** The last request failed: the next one is small. */
  private cautious = true;
  /** Parked at refused events with nothing after them: the next arrival may tell more. */
  private lonely = false;
  private requestEvents: number;

  /** While turning: arrivals behind the page that is being read. */
  private arrivals: Entry[] = [];
  private firstArrival: number | undefined;
  private lastArrival: number | undefined;
  private floor = 0;
  private owedSince: number | undefined;
  private head: number | undefined;

  private readonly patience: Patience;
  private waitingSince: number | undefined;
  private waitsUntil = 0;
  private told: HealthState = 'healthy';
  private toldSince: number;
  changed = false;

  constructor(
    private readonly host: LaneHost,
    settings: DestinationView,
    saved: SavedPosition | undefined,
    now: number,
  ) {
    this.settings = settings;
    this.requestEvents = settings.limits.events;
    this.startedVersion = saved?.startedVersion ?? 0;
    this.savedThrough = saved?.deliveredThrough ?? settings.startSeq - 1;
    this.patience = new Patience(host.knobs, now);
    this.toldSince = now;
    if (saved?.cursor) {
      this.cursor = { nextSeq: saved.cursor.nextSeq, state: saved.cursor.state };
      this.through = saved.cursor.nextSeq - 1;
    }
    if (!settings.enabled) this.mode = 'disabled';
    else if (settings.startVersion > this.startedVersion) this.mode = 'starting';
    else if (this.cursor) this.mode = 'parked';
    else this.mode = 'live';
    // Spread out: after a restart every parked destination would knock at the same moment.
    if (this.mode === 'parked') this.condition.retryAt = now + Math.floor(host.random() * host.knobs.backoffBaseMs);
    if (!settings.enabled) this.told = 'disabled';
    else if (saved?.health) {
      this.condition.restore(saved.health);
      this.told = this.condition.state(now, host.knobs.failingAfterMs);
      this.toldSince = saved.health.since;
    }
  }

  get id(): string {
    return this.settings.id;
  }

  get inFlight(): boolean {
    return this.flight !== undefined;
  }

  get queuedBytes(): number {
    return this.queue.bytes;
  }

  // ---------------------------------------------------------------- events from Kafka

  /** True: the record is held, it must not be committed before this lane releases it. */
  arrive(event: StoredEvent, slot: number, now: number): boolean {
    const { seq } = event;
    switch (this.mode) {
      case 'starting':
      case 'draining':
        return false;
      case 'parked':
        if (this.lonely) this.lookAgain(now);
        return false;
      case 'parking':
        this.parkedSlots.push(slot);
        return true;
      case 'turning':
        return this.arriveTurning(event, slot, now);
      case 'disabled':
        return this.arriveDisabled(event, slot);
      case 'live':
      case 'settling':
        break;
    }
    if (this.through === undefined && seq <= this.savedThrough) this.through = this.savedThrough;
    if (this.through !== undefined) {
      if (seq <= this.through) return false;
      if (seq > this.through + 1) {
        this.park({ reason: 'sequence_jump', code: '', words: '' }, now);
        this.parkedSlots.push(slot);
        return true;
      }
    }
    this.through = seq;
    if (!this.wants(event)) return false;
    this.enqueue(this.entry(event, slot, now));
    return true;
  }

  /** Whether `batch` may hand in this event, should wait for room, or this lane has just given up waiting and parked. */
  admit(event: StoredEvent, now: number): 'go' | 'wait' {
    if (this.waitingSince !== undefined) {
      this.patience.spend(this.waitingSince, now);
      this.waitingSince = undefined;
    }
    if (this.mode === 'turning') {
      if (!this.roomFor(event, this.arrivals.length)) this.abandonTurning();
      return 'go';
    }
    if ((this.mode !== 'live' && this.mode !== 'settling') || this.roomFor(event, this.queue.length)) return 'go';
    const until = this.patience.until(now);
    if (until > now && this.flowing(now) && !this.overdue(now)) {
      this.waitingSince = now;
      this.waitsUntil = until;
      this.touchLater(Math.min(until, (this.condition.lastSuccessAt ?? now) + this.host.knobs.flowingMs));
      return 'wait';
    }
    this.park({ reason: 'lane_full', code: '', words: '' }, now);
    return 'go';
  }

  /** For a batch that waits for this lane: whether to ask again. */
  worthAsking(now: number): boolean {
    if (this.removed || (this.mode !== 'live' && this.mode !== 'settling')) return true;
    const { laneEvents, laneBytes, lanesBytes } = this.host.knobs;
    const { lanes } = this.host.budgets;
    return (
      now >= this.waitsUntil ||
      !this.flowing(now) ||
      (this.queue.length <= laneEvents * 0.75 &&
        this.queue.bytes <= laneBytes * 0.75 &&
        lanes.inUse <= lanesBytes * 0.9)
    );
  }

  /** The place in the log is lost: what this lane has not seen must come from the store. */
  loseTrack(reason: 'position_unknown' | 'sequence_jump', now: number): void {
    if (this.mode === 'turning') this.abandonTurning();
    else if (this.mode === 'live' || this.mode === 'settling') {
      this.through ??= this.savedThrough;
      this.park({ reason, code: '', words: '' }, now);
    } else if (this.mode === 'disabled' && !this.cursor && !this.startsLater()) {
      this.through ??= this.savedThrough;
      this.cursorDue = true;
    }
  }

  /** Holds the slot until this lane's cursor is written, where one has to be. */
  holdUntilCovered(slot: number): boolean {
    if (this.mode !== 'parking' && !this.cursorDue) return false;
    this.parkedSlots.push(slot);
    return true;
  }

  standsStill(now: number): boolean {
    return this.mode === 'live' && this.queue.bytes > 0 && !this.flowing(now);
  }

  /** Gives its memory back. */
  relieve(now: number): void {
    this.park({ reason: 'lane_full', code: '', words: '' }, now);
  }

  private arriveTurning(event: StoredEvent, slot: number, now: number): boolean {
    const { seq } = event;
    if (this.lastArrival !== undefined && seq <= this.lastArrival) return false;
    if (this.lastArrival !== undefined && seq > this.lastArrival + 1) {
      this.abandonTurning();
      return false;
    }
    this.firstArrival ??= seq;
    this.lastArrival = seq;
    if (!this.wants(event)) return false;
    const entry = this.entry(event, slot, now);
    this.host.budgets.lanes.add(entry.held);
    this.arrivals.push(entry);
    return true;
  }

  private arriveDisabled(event: StoredEvent, slot: number): boolean {
    // With one due the row may be about to go: it was being deleted when this lane was disabled.
    if ((this.cursor && !this.cursorDue) || this.startsLater()) return false;
    if (this.through === undefined && event.seq <= this.savedThrough) this.through = this.savedThrough;
    if (!this.cursorDue) {
      if (this.through !== undefined && event.seq <= this.through) return false;
      const jumped = this.through !== undefined && event.seq > this.through + 1;
      if (!jumped) this.through = event.seq - 1;
      if (!jumped && !this.wants(event)) {
        this.through = event.seq;
        return false;
      }
      this.cursorDue = true;
    }
    this.parkedSlots.push(slot);
    return true;
  }

  private lookAgain(now: number): void {
    this.lonely = false;
    this.condition.retryAt = Math.min(this.condition.retryAt, now);
    this.touchLater(now);
  }

  // ---------------------------------------------------------------- answers from outside

  answer(id: number, verdicts: readonly Verdict[], now: number): void {
    const flight = this.flight;
    if (flight?.id !== id) return;
    this.flight = undefined;
    if (flight.detached || this.removed) return;
    const ruling = rule(flight.entries, verdicts);
    const outdated = flight.version !== this.settings.version;
    this.note(flight, ruling, outdated, now);
    for (const entry of ruling.delivered) this.deliver(entry, flight.purpose);
    if (!outdated) for (const { entry, refusal } of ruling.refused) this.refuse(entry, refusal, flight.purpose);
    if (ruling.delivered.length > 0) this.succeed(flight, ruling, now);
    this.freed(this.queue.settleFront());
    if (outdated) this.condition.retryAt = now;
    else this.follow(flight, ruling, now);
  }

  written(id: number, now: number): void {
    const writing = this.writing;
    if (writing?.id !== id) return;
    this.writing = undefined;
    const { write } = writing;
    for (const entry of writing.letters) this.unhold(entry);
    this.letters.splice(0, writing.letters.length);
    this.gaps.splice(0, writing.gaps);
    if (write.startedVersion !== undefined) this.startedVersion = write.startedVersion;
    if (write.cursor === 'delete') this.cursor = undefined;
    else if (write.cursor) this.cursor = { nextSeq: write.cursor.nextSeq, state: write.cursor.state };
    this.changed = true;
    if (this.mode === 'settling' && write.cursor === 'delete') {
      this.mode = 'live';
      this.owedSince = undefined;
      this.reserve(undefined, 0);
      this.host.emit({ kind: 'live', destination: this.id });
    }
    if (this.mode === 'starting' && this.startedVersion >= this.settings.startVersion) {
      this.mode = 'draining';
      this.condition.retryAt = now;
    }
    if (!this.cursor) return;
    if (this.mode === 'parking') this.mode = 'parked';
    if (this.mode === 'parked' || this.mode === 'disabled') {
      this.cursorDue = false;
      this.releaseParked();
    }
  }

  page(id: number, rows: readonly DeliverableEvent[], head: number, now: number): void {
    const reading = this.reading;
    if (reading?.id !== id) return;
    this.reading = undefined;
    if (this.mode !== 'draining' && this.mode !== 'turning') return;
    if (reading.purpose === 'newest') this.sendNewest(rows, now);
    else this.takePage(reading.fromSeq, rows, head, now);
  }

  // ---------------------------------------------------------------- settings

  configure(next: DestinationView, now: number): void {
    const previous = this.settings;
    this.settings = next;
    if (next.version === previous.version) return;
    this.changed = true;
    this.requestEvents = next.limits.events;
    if (this.flight) this.flight.abortAt = Math.min(this.flight.abortAt, now + this.host.knobs.abortGraceMs);
    this.forgiveCandidates();
    this.condition.forgive(now);
    if (this.startsLater()) this.restart();
    else if (!next.enabled) this.disable();
    else if (this.mode === 'disabled') this.resume();
  }

  /** Deleted: its cursor went with it, nobody is owed anything. */
  remove(now: number): void {
    this.removed = true;
    this.forget();
    for (const entry of this.letters) this.unhold(entry);
    this.letters = [];
    if (this.flight) this.flight.abortAt = now + this.host.knobs.abortGraceMs;
  }

  /** The partition is not ours any more: nothing is known from here on, and nothing is sent. */
  discard(): void {
    if (this.flight && this.flight.abortAt !== -Infinity) this.abort(this.flight);
    this.freed(this.queue.bytes + heldBytes(this.arrivals));
    this.reserve(undefined, 0);
    this.removed = true;
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
    const owes = this.cursor !== undefined || this.mode !== 'live' || this.queue.length > 0;
    if (owes) this.truncate();
    this.mode = 'disabled';
    this.cursorDue = owes;
  }

  private resume(): void {
    if (this.cursorDue || this.writing?.write.cursor !== undefined) this.mode = 'parking';
    else this.mode = this.cursor ? 'parked' : 'live';
  }

  /** Not started yet for the start position that the settings have: they cover every event. */
  private startsLater(): boolean {
    return this.settings.startVersion > this.startedVersion;
  }

  private forget(): void {
    for (const entry of this.queue) this.unhold(entry);
    for (const entry of this.arrivals) this.unhold(entry);
    this.releaseParked();
    this.freed(this.queue.bytes + heldBytes(this.arrivals));
    this.queue.cut(0);
    this.arrivals = [];
    this.marks.clear();
    this.gaps = this.gaps.slice(0, this.writing?.gaps ?? 0);
    this.candidates = 0;
    this.retest = false;
    this.cursorDue = false;
    this.reading = undefined;
    this.reserve(undefined, 0);
  }

  // ---------------------------------------------------------------- the next thing to do

  /** Does whatever the state calls for; called after every input that may have changed it. */
  step(now: number): void {
    this.abortOutdated(now);
    if (this.removed) {
      if (this.flight && this.flight.abortAt > now) this.touchLater(this.flight.abortAt);
      return;
    }
    if (this.mode === 'live' || this.mode === 'settling') {
      if (this.overdue(now)) this.park(this.condition.failure ?? { reason: 'lane_too_old', code: '', words: '' }, now);
    } else if (this.mode === 'turning' && this.tooOld(this.arrivals[0], now)) this.abandonTurning();
    else if (this.mode === 'parked' && !this.flight && !this.writing && now >= this.condition.retryAt) {
      this.mode = 'draining';
      this.retest = this.candidates > 0;
    }
    this.startWrite(now);
    this.proceed(now);
    this.tell(now);
    this.arm(now);
  }

  private proceed(now: number): void {
    if (this.flight || !this.settings.enabled || now < this.condition.retryAt) return;
    if (this.mode === 'live' || (this.mode === 'settling' && !this.settled())) {
      this.send(this.queue.pick(this.requestEvents, this.settings.limits.bytes), 'deliver', now);
    } else if (this.mode === 'draining' && !this.writing && !this.reading && !this.awaiting) this.drain(now);
  }

  private send(entries: readonly Entry[], purpose: Flight['purpose'], now: number): void {
    if (entries.length === 0) return;
    if (!this.host.maySend()) {
      this.touchLater(now + this.host.knobs.recheckMs);
      return;
    }
    const { version } = this.settings;
    const id = this.host.nextId();
    this.flight = { id, entries, version, startedAt: now, detached: false, abortAt: Infinity, purpose };
    const events = entries.map((entry) => entry.event);
    this.host.emit({ kind: 'send', destination: this.id, id, version, events });
  }

  private arm(now: number): void {
    let at = this.flight ? this.flight.abortAt : Infinity;
    const oldest = this.mode === 'turning' ? this.arrivals[0] : this.queue.first;
    if (oldest && (this.mode === 'live' || this.mode === 'settling' || this.mode === 'turning')) {
      at = Math.min(at, oldest.at + this.host.knobs.laneAgeMs);
    }
    const { retryAt } = this.condition;
    const waits = !this.flight && retryAt > now;
    if (waits && (this.mode === 'parked' || this.mode === 'draining' || this.queue.length > 0))
      at = Math.min(at, retryAt);
    if (at !== Infinity && at !== -Infinity) this.touchLater(at);
  }

  private touchLater(at: number): void {
    this.host.wake(this, at);
  }

  private abortOutdated(now: number): void {
    if (this.flight && this.flight.abortAt <= now && this.flight.abortAt !== -Infinity) this.abort(this.flight);
  }

  private abort(flight: Flight): void {
    flight.abortAt = -Infinity;
    this.host.emit({ kind: 'abort', destination: this.id, id: flight.id });
  }

  // ---------------------------------------------------------------- what an answer means

  private deliver(entry: Entry, purpose: Flight['purpose']): void {
    if (entry.state === 'candidate') this.candidates--;
    entry.state = 'done';
    this.unhold(entry);
    if (purpose === 'newest') this.marks.set(entry.event.seq, 'done');
  }

  /** Only a candidate: that the receiver takes anything at all is shown by a later event alone. */
  private refuse(entry: Entry, refusal: Refusal<PoisonReason>, purpose: Flight['purpose']): void {
    if (purpose === 'newest') return;
    if (entry.state !== 'candidate') this.candidates++;
    entry.state = 'candidate';
    entry.refusal = refusal;
  }

  private succeed(flight: Flight, ruling: Ruling, now: number): void {
    this.condition.succeeded(now);
    this.changed = true;
    this.cautious = false;
    this.lonely = false;
    this.probesFailed = 0;
    // What was refused while everything was refused gets another hearing.
    if (flight.purpose === 'retest') this.forgiveCandidates();
    else this.bury(ruling.highestDelivered);
    if (!ruling.split && ruling.refused.length === 0) {
      this.requestEvents = Math.min(this.settings.limits.events, this.requestEvents * 2);
    }
  }

  /** A later event was taken: the candidates before it are the fault, not the destination. */
  private bury(highestDelivered: number): void {
    if (this.candidates === 0) return;
    for (const entry of this.queue) {
      if (entry.event.seq > highestDelivered) return;
      if (entry.state !== 'candidate') continue;
      entry.state = 'done';
      this.candidates--;
      this.letters.push(entry);
    }
  }

  private forgiveCandidates(): void {
    for (const entry of this.queue) {
      if (entry.state === 'candidate') entry.state = 'pending';
    }
    for (const [seq, mark] of this.marks) {
      if (mark !== 'done') this.marks.delete(seq);
    }
    this.candidates = 0;
    this.retest = false;
    this.probesFailed = 0;
  }

  private follow(flight: Flight, ruling: Ruling, now: number): void {
    if (ruling.park) return this.fail(ruling.park, undefined, now, true);
    if (ruling.retry) return this.fail(ruling.retry, ruling.retry.afterMs, now, false);
    if (ruling.split) {
      this.requestEvents = Math.max(1, flight.entries.length >> 1);
      return;
    }
    this.condition.retryAt = ruling.slowDown ? now + this.host.knobs.slowDownMs : now;
    if (ruling.refused.length === 0) return;
    if (flight.purpose === 'retest') this.retest = false;
    else if (flight.purpose === 'later' || flight.purpose === 'newest') {
      this.probesFailed++;
      this.fail({ reason: 'refuses_everything', code: '', words: '' }, undefined, now, true);
    } else if (this.candidates >= candidatesAtMost) {
      const [said] = ruling.refused;
      this.fail(
        { reason: 'refuses_everything', code: said?.refusal.code ?? '', words: said?.refusal.words ?? '' },
        undefined,
        now,
        true,
      );
    }
  }

  private fail(refusal: Refusal, afterMs: number | undefined, now: number, parks: boolean): void {
    const { condition, host } = this;
    condition.failed(refusal, now);
    condition.retryAt = now + backOffMs(condition.attempts, afterMs, host.knobs, () => host.random());
    this.cautious = true;
    this.changed = true;
    if (this.mode === 'draining') {
      this.truncate();
      this.mode = 'parked';
      this.cursorReason = refusal.reason;
    } else if (this.mode !== 'live' && this.mode !== 'settling') this.truncate();
    else if (parks) this.park(refusal, now);
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

  // ---------------------------------------------------------------- parking

  private park(refusal: Refusal, now: number): void {
    const { condition } = this;
    if (condition.retryAt < now) condition.retryAt = now;
    if (refusal.reason === 'lane_too_old') this.cautious = true;
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
      if (entry.slot >= 0) this.parkedSlots.push(entry.slot);
      entry.slot = -1;
      if (last && entry.event.seq <= last.event.seq) keep++;
    }
    const before = this.queue.bytes;
    for (const entry of this.queue.cut(keep)) {
      if (entry.state === 'candidate' && entry.refusal) this.marks.set(entry.event.seq, entry.refusal);
      else if (entry.state === 'done') this.marks.set(entry.event.seq, 'done');
    }
    this.freed(before - this.queue.bytes);
    this.reading = undefined;
    this.through = this.queue.last?.event.seq ?? position - 1;
    this.reserve(undefined, 0);
  }

  /** The lowest seq that is neither delivered nor in a dead letter (written, or in the next write). */
  private position(): number {
    return this.queue.firstOpen()?.event.seq ?? (this.through ?? this.savedThrough) + 1;
  }

  private releaseParked(): void {
    for (const slot of this.parkedSlots) this.host.release(slot);
    this.parkedSlots = [];
  }

  // ---------------------------------------------------------------- the cursor row

  private startWrite(now: number): void {
    if (this.writing) return;
    const cursor = this.wantedCursor();
    if (!cursor && this.letters.length === 0 && this.gaps.length === 0) return;
    const deadLetters: DeadLetter[] = [];
    for (const { event, refusal } of this.letters) if (refusal) deadLetters.push({ event, refusal });
    const started = this.mode === 'starting' ? { startedVersion: this.settings.startVersion } : {};
    const write: Write = { ...(cursor ? { cursor } : {}), ...started, deadLetters, gaps: [...this.gaps] };
    if (this.mode === 'starting') {
      this.through = this.settings.startSeq - 1;
      this.savedThrough = this.through;
      this.cursorReason = 'started';
      this.condition.retryAt = now;
    }
    const id = this.host.nextId();
    this.writing = { id, write, letters: [...this.letters], gaps: this.gaps.length };
    this.host.emit({ kind: 'write', destination: this.id, tenant: this.settings.tenant, id, write });
  }

  private wantedCursor(): Write['cursor'] {
    const unwritten = this.letters.length > 0 || this.gaps.length > 0;
    const at = (state: 'parked' | 'disabled') => ({ nextSeq: this.position(), state, reason: this.cursorReason });
    const stale = (state: string) =>
      unwritten || this.cursor?.nextSeq !== this.position() || this.cursor.state !== state;
    switch (this.mode) {
      case 'starting':
        return { nextSeq: this.settings.startSeq, state: 'parked', reason: 'started' };
      case 'settling':
        return this.settled() ? 'delete' : undefined;
      case 'parking':
        return at('parked');
      case 'parked':
      case 'draining':
      case 'turning':
        return stale('parked') ? at('parked') : undefined;
      case 'disabled':
        if (this.startsLater()) return undefined;
        return (this.cursor ? stale('disabled') : this.cursorDue) ? at('disabled') : undefined;
      case 'live':
        break;
    }
    return undefined;
  }

  // ---------------------------------------------------------------- draining

  private drain(now: number): void {
    const first = this.queue.firstOpen();
    if (first?.state === 'pending') this.retest = false;
    else if (first && this.retest) return this.send([first], 'retest', now);
    else if (first && this.candidates >= candidatesAtMost) return this.probe(now);
    const entries = this.queue.pick(
      this.cautious ? Math.min(this.host.knobs.probeEvents, this.requestEvents) : this.requestEvents,
      this.settings.limits.bytes,
    );
    if (entries.length > 0) this.send(entries, 'deliver', now);
    else this.readOn();
  }

  /** Refused three in a row: does it take any other? First one later event, from the second round on the newest. */
  private probe(now: number): void {
    const marked = [...this.marks.values()].some((mark) => mark !== 'done');
    const beyond = this.head === undefined || this.head > (this.through ?? 0);
    if (marked && beyond) return this.readOn();
    if (this.probesFailed > 0 && beyond && this.head !== undefined) {
      const fromSeq = Math.max(this.head - this.host.knobs.probeEvents + 1, (this.through ?? 0) + 1);
      return this.read('newest', {
        fromSeq,
        maxEvents: this.host.knobs.probeEvents,
        maxBytes: this.host.knobs.pageBytes,
      });
    }
    const pending = [...this.queue].filter((entry) => entry.state === 'pending');
    const chosen = this.probesFailed > 0 ? pending.at(-1) : pending[0];
    if (chosen) this.send([chosen], 'later', now);
    else if (beyond) this.readOn();
    else this.nothingLater(now);
  }

  private sendNewest(rows: readonly DeliverableEvent[], now: number): void {
    const newest = rows.filter((row) => this.wants(row)).at(-1);
    if (newest) this.send([this.row(newest, now)], 'newest', now);
    else this.nothingLater(now);
  }

  /** Refused events and nothing after them that could tell whose fault it is. */
  private nothingLater(now: number): void {
    const first = this.queue.firstOpen();
    const many = this.candidates >= candidatesAtMost;
    const said = first?.refusal ?? { reason: 'refuses_everything' as const, code: '', words: '' };
    this.fail(many ? { ...said, reason: 'refuses_everything' } : said, undefined, now, true);
    this.lonely = !many;
  }

  private readOn(): void {
    const through = this.through ?? this.savedThrough;
    const { limits } = this.settings;
    const { knobs, budgets } = this.host;
    const bytes = this.cautious ? knobs.probeBytes : Math.min(limits.bytes, knobs.pageBytes);
    if (!this.reserve(this.cautious ? budgets.probes : budgets.drains, bytes)) return;
    const near = this.head !== undefined && this.head - through <= limits.events;
    if (near && !this.cautious && this.candidates === 0 && this.queue.length === 0) {
      this.mode = 'turning';
      this.firstArrival = undefined;
      this.lastArrival = undefined;
    }
    this.read('page', {
      fromSeq: through + 1,
      maxEvents: this.cautious ? knobs.probeEvents : limits.events,
      maxBytes: bytes,
    });
  }

  private read(purpose: 'page' | 'newest', read: ReadRequest): void {
    const id = this.host.nextId();
    this.reading = { id, purpose, fromSeq: read.fromSeq };
    this.host.emit({ kind: 'read', destination: this.id, tenant: this.settings.tenant, id, read });
  }

  private takePage(fromSeq: number, rows: readonly DeliverableEvent[], head: number, now: number): void {
    const page = examinePage(fromSeq, rows, head);
    this.head = head;
    this.gaps.push(...page.gaps);
    for (const event of rows) if (this.wants(event)) this.queue.push(this.row(event, now));
    this.through = page.through;
    this.forgetMarksBelow(page.through);
    this.queue.settleFront();
    if (this.mode === 'turning') {
      if (page.complete) this.settle();
      else this.abandonTurning();
    } else if (page.complete && !this.queue.find((entry) => entry.state === 'pending')) {
      if (this.candidates === 0) this.cautious = false;
      else if (!this.retest) this.nothingLater(now);
    }
  }

  /** Marked events that the page should have held are gone from the store. */
  private forgetMarksBelow(through: number): void {
    for (const [seq, mark] of this.marks) {
      if (seq > through) continue;
      this.marks.delete(seq);
      if (mark !== 'done') this.candidates--;
    }
  }

  // ---------------------------------------------------------------- turning live

  private settle(): void {
    const floor = this.through ?? 0;
    if (this.firstArrival !== undefined && this.firstArrival > floor + 1) {
      this.abandonTurning();
      return;
    }
    for (const entry of this.arrivals) {
      if (entry.event.seq > floor) this.queue.push(entry);
      else this.dismiss(entry);
    }
    this.arrivals = [];
    this.floor = floor;
    this.through = Math.max(floor, this.lastArrival ?? floor);
    this.mode = 'settling';
  }

  /** The cursor covers what arrived; a page that is on its way is used as one of many. */
  private abandonTurning(): void {
    for (const entry of this.arrivals) this.dismiss(entry);
    this.arrivals = [];
    this.mode = 'draining';
  }

  private settled(): boolean {
    const open = this.queue.firstOpen();
    return !open || open.event.seq > this.floor;
  }

  // ---------------------------------------------------------------- small things

  private entry(event: DeliverableEvent, slot: number, now: number): Entry {
    const bytes = this.settings.size(event);
    return { event, bytes, held: bytes, at: now, slot, state: 'pending', refusal: undefined };
  }

  private row(event: DeliverableEvent, now: number): Entry {
    const mark = this.marks.get(event.seq);
    this.marks.delete(event.seq);
    const state = mark === undefined ? 'pending' : mark === 'done' ? 'done' : 'candidate';
    const refusal = mark === 'done' ? undefined : mark;
    return { event, bytes: this.settings.size(event), held: 0, at: now, slot: -1, state, refusal };
  }

  private enqueue(entry: Entry): void {
    this.host.budgets.lanes.add(entry.held);
    this.queue.push(entry);
  }

  private dismiss(entry: Entry): void {
    this.unhold(entry);
    this.freed(entry.held);
  }

  private unhold(entry: Entry): void {
    if (entry.slot >= 0) this.host.release(entry.slot);
    entry.slot = -1;
  }

  private freed(bytes: number): void {
    if (bytes > 0) this.host.budgets.lanes.give(bytes);
  }

  private wants(event: DeliverableEvent): boolean {
    return this.settings.wanted ? this.settings.wanted(event) : true;
  }

  private roomFor(event: DeliverableEvent, queued: number): boolean {
    const { laneEvents, laneBytes } = this.host.knobs;
    const bytes = event.canonical.length;
    return queued < laneEvents && this.queue.bytes + bytes <= laneBytes && this.host.budgets.lanes.fits(bytes);
  }

  private flowing(now: number): boolean {
    return now - (this.condition.lastSuccessAt ?? -Infinity) <= this.host.knobs.flowingMs;
  }

  private overdue(now: number): boolean {
    return this.tooOld(this.queue.first, now);
  }

  private tooOld(entry: Entry | undefined, now: number): boolean {
    return entry !== undefined && now - entry.at >= this.host.knobs.laneAgeMs;
  }

  private reserve(budget: ByteBudget | undefined, bytes: number): boolean {
    const held = this.reservation;
    if (held && (held.budget !== budget || held.bytes !== bytes)) {
      this.reservation = undefined;
      held.budget.give(held.bytes);
    }
    if (!budget || this.reservation) return true;
    if (this.awaiting) return false;
    this.awaiting = budget;
    const taken = budget.take(bytes, () => this.granted(budget, bytes));
    if (!taken) return false;
    this.awaiting = undefined;
    this.reservation = { budget, bytes };
    return true;
  }

  private granted(budget: ByteBudget, bytes: number): void {
    this.awaiting = undefined;
    if (this.removed || this.mode !== 'draining' || this.reservation) {
      budget.give(bytes);
      return;
    }
    this.reservation = { budget, bytes };
    this.touchLater(0);
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

  get deliveredThrough(): number {
    if (this.through === undefined || this.startsLater()) return this.savedThrough;
    // What is not written yet must not be promised: a new owner would never write it.
    const letter = this.letters[0]?.event.seq ?? Infinity;
    const gap = this.gaps[0]?.fromSeq ?? Infinity;
    return Math.min(letter, gap, this.position()) - 1;
  }

  /** Events that could be delivered now: without those that wait for a next try. */
  runnable(now: number): number {
    if (this.condition.retryAt > now || !this.settings.enabled) return 0;
    if (this.mode === 'live' || this.mode === 'settling') return this.queue.length;
    return Math.max(0, (this.head ?? 0) - this.position() + 1);
  }

  oldestUnsentAt(): number | undefined {
    return this.mode === 'live' || this.mode === 'settling' ? this.queue.first?.at : this.owedSince;
  }

  giveBack(row: StatusRow): void {
    this.changed = true;
    this.condition.remember(row.attempts);
  }

  /** The status row, with the attempts since the last one. */
  takeStatus(now: number): StatusRow {
    const { condition, settings } = this;
    const attempts = condition.log;
    condition.log = [];
    this.changed = false;
    return {
      destination: settings.id,
      tenant: settings.tenant,
      startedVersion: this.startedVersion,
      deliveredThrough: this.deliveredThrough,
      state: this.health(now),
      reason: condition.failure?.reason ?? '',
      words: condition.failure?.words ?? '',
      since: this.toldSince,
      lastSuccessAt: condition.lastSuccessAt,
      oldestUnsentAt: this.oldestUnsentAt(),
      attempts,
    };
  }
}

function heldBytes(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.held, 0);
}
