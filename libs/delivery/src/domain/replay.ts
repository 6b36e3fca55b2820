// One replay: which events to send again next, what the answers mean for its position, and when to wait. It decides; it does no I/O and reads
// no clock. It goes one step at a time (read, send, write down), so that a crash repeats at most the one request that was not written down.
import type { DeliverableEvent } from '@auditlane/destinations';
import { backOffMs } from './back-off';
import type { DestinationView, Refusal, Sent } from './effects';
import type { Entry } from './entry-queue';
import type { Knobs } from './knobs';
import { because, ReplayLog } from './replay-log';
import type { Letter, ReplayOrder, ReplayProgress } from './replay-effects';
import { ReplayPages, type PagesHost } from './replay-pages';
import { rule, type Ruling } from './verdicts';

/** What live delivery knows of a destination. */
export interface LaneNews {
  /** It takes nothing at the moment: a replay has nothing to try. */
  readonly failure: Refusal | undefined;
  readonly lastSuccessAt: number | undefined;
}

export interface ReplayHost extends PagesHost {
  readonly knobs: Knobs;
  maySend(): boolean;
  random(): number;
  /** `undefined`: the destination has no lane here yet. */
  news(destination: string): LaneNews | undefined;
  /** Memory that was waited for has come. */
  granted(replay: Replay): void;
}

type Purpose = 'deliver' | 'retest' | 'probe' | 'elsewhere';
interface Flight {
  readonly id: number;
  readonly entries: readonly Entry[];
  readonly version: number;
  readonly purpose: Purpose;
  abortAt: number;
}

/** So many refused in a row: it is not the events. */
const inARow = 3;

export class Replay {
  /** Whether it is this replay's turn among those of its destination. */
  turn = false;
  /** When it wants to be looked at again. */
  wakeAt = Infinity;
  private readonly log: ReplayLog;
  private readonly pages: ReplayPages;
  private flight: Flight | undefined;
  private requestEvents: number;
  private attempts = 0;
  private retryAt = 0;
  private failure: Refusal | undefined;
  /** The first refused event is asked for again before anything else. */
  private retest = false;
  private failedRounds = 0;
  private refusedSince = 0;

  constructor(
    private readonly host: ReplayHost,
    private current: ReplayOrder,
    private view: DestinationView,
    saved: ReplayProgress | undefined,
  ) {
    this.log = new ReplayLog(host, current, saved);
    this.requestEvents = view.limits.events;
    this.pages = new ReplayPages(host, current, this.log.nextSeq - 1, () => {
      const wanted = !this.ended && !this.flight;
      if (wanted) this.host.granted(this);
      return wanted;
    });
  }

  get order(): ReplayOrder {
    return this.current;
  }

  /** Its end is written down, or its destination is gone. */
  get ended(): boolean {
    return this.log.ended;
  }

  get inFlight(): boolean {
    return this.flight !== undefined;
  }

  /** It keeps the turn until it ends or is paused, and its last request is answered. */
  get holds(): boolean {
    return this.inFlight || (this.turn && this.current.wish === 'run');
  }

  get progress(): ReplayProgress {
    return this.log.progress;
  }

  // ---------------------------------------------------------------- what happens to it

  wish(order: ReplayOrder): void {
    this.current = order;
    if (order.wish === 'cancel') this.stop();
  }

  configure(view: DestinationView, now: number): void {
    const before = this.view;
    this.view = view;
    if (view.version === before.version) return;
    this.attempts = 0;
    this.retryAt = now;
    this.pages.cautious = true;
    this.requestEvents = view.limits.events;
    if (this.flight) this.flight.abortAt = Math.min(this.flight.abortAt, now + this.host.knobs.abortGraceMs);
  }

  /** The destination was deleted, or the partition lost: nothing of it is written any more. */
  remove(): void {
    this.stop();
    this.log.abandon();
  }

  page(id: number, rows: readonly DeliverableEvent[], now: number): void {
    const taken = this.pages.take(id, rows, this.view, now);
    if (!taken || taken === 'page') return;
    const last = taken.at(-1);
    if (!last) this.refusesEverything(now);
    else if (this.host.maySend()) this.send([last], 'elsewhere');
    // Looked for again, once the membership is certain.
    else this.retryAt = now + this.host.knobs.recheckMs;
  }

  letters(id: number, letters: readonly Letter[], now: number): void {
    this.pages.takeLetters(id, letters, this.view, now);
  }

  answer(id: number, { verdicts }: Sent, now: number): void {
    const { flight } = this;
    if (flight?.id !== id) return;
    this.flight = undefined;
    const ruling = rule(flight.entries, verdicts);
    for (const entry of ruling.delivered) this.pages.pieces.taken(entry);
    const outdated = flight.version !== this.view.version;
    // What former settings led to says nothing against the events or the receiver of now.
    if (!outdated) this.refuse(flight, ruling, now);
    if (ruling.delivered.length > 0) this.succeed(flight, ruling);
    if (!outdated) this.follow(flight, ruling, now);
  }

  written(id: number, now: number): void {
    this.log.written(id, now);
    if (this.ended) this.pages.giveBack();
  }

  // ---------------------------------------------------------------- what it does next

  step(now: number): void {
    if (this.ended) return;
    const { flight } = this;
    if (flight && flight.abortAt <= now) this.abort(flight);
    this.collect();
    const wait = this.reasonToWait(now);
    this.log.tell(this.current.wish, wait ?? this.failure, now);
    if (!this.log.isWriting) this.advance(wait !== undefined, now);
    this.arm(wait !== undefined, now);
  }

  private advance(waits: boolean, now: number): void {
    if ((waits || this.log.isComplete) && !this.flight) this.letGo();
    else if (!this.flight && !this.pages.isBusy) this.proceed(now);
  }

  private arm(waits: boolean, now: number): void {
    let at = this.flight?.abortAt ?? Infinity;
    if (this.current.wish === 'run' && !this.flight) {
      if (this.retryAt > now) at = Math.min(at, this.retryAt);
      // Nobody tells when a destination fares better.
      if (waits) at = Math.min(at, now + this.host.knobs.backoffBaseMs);
    }
    this.wakeAt = Math.min(at, this.log.dueAt);
  }

  /** Why nothing may be tried, whatever this replay itself has met. */
  private reasonToWait(now: number): Refusal | undefined {
    if (this.current.wish !== 'run') return because('');
    if (!this.view.enabled) return because('disabled');
    if (!this.turn) return because('queued');
    const news = this.host.news(this.current.destination);
    if (!news) return because('queued');
    if (news.failure) return news.failure;
    return this.failure && this.retryAt > now ? this.failure : undefined;
  }

  private proceed(now: number): void {
    if (this.retryAt > now) return;
    if (!this.host.maySend()) {
      this.retryAt = now + this.host.knobs.recheckMs;
      return;
    }
    const { pieces } = this.pages;
    if (pieces.hasRefusedBeyond(this.pages.reached)) return this.pages.readOn(this.view);
    const { candidates } = pieces;
    const [first] = candidates;
    if (first && this.isTakenElsewhere()) return this.bury(now);
    if (first && this.retest) return this.send([first], 'retest');
    this.retest = false;
    if (candidates.length >= inARow) return this.probe(now);
    const entries = pieces.pick(this.requestEvents, this.view.limits.bytes);
    if (entries.length > 0) return this.send(entries, 'deliver');
    if (this.pages.hasMore) return this.pages.readOn(this.view);
    // Refused, and nothing behind them that could tell more. It took others of this replay: then it is the events.
    if (this.log.delivered > 0) this.bury(now);
    else this.fail(pieces.firstRefusal ?? because('refuses_everything'), undefined, now);
  }

  /** Refused several in a row: does it take any other? First the next one, then the last of the range, then any. */
  private probe(now: number): void {
    const { pending } = this.pages.pieces;
    const { toSeq } = this.current;
    if (this.failedRounds === 0) {
      const [next] = pending;
      if (next) this.send([next], 'probe');
      else if (this.pages.hasMore) this.pages.readOn(this.view);
      else this.refusesEverything(now);
      return;
    }
    const from = pending[0]?.event.seq ?? this.pages.reached + 1;
    const place = this.failedRounds === 1 ? toSeq : from + Math.floor(this.host.random() * (toSeq - from + 1));
    const near = pending.findLast(({ event }) => event.seq <= place);
    if (place > this.pages.reached) this.pages.readElsewhere(place);
    else if (near) this.send([near], 'elsewhere');
    else this.refusesEverything(now);
  }

  private send(entries: readonly Entry[], purpose: Purpose): void {
    const id = this.host.nextId();
    const { version } = this.view;
    this.flight = { id, entries, version, purpose, abortAt: Infinity };
    const { id: replay, destination } = this.current;
    const events = entries.map(({ event }) => event);
    this.host.emit({ kind: 'send', replay, destination, id, version, events });
  }

  // ---------------------------------------------------------------- what an answer means

  private refuse({ purpose }: Flight, { refused }: Ruling, now: number): void {
    if (refused.length === 0 || purpose === 'elsewhere') return;
    if (this.pages.pieces.candidates.length === 0) this.refusedSince = now;
    for (const { entry, refusal } of refused) this.pages.pieces.refused(entry, refusal);
    // A letter that is refused again is what it was: nothing is lost by believing the receiver.
    if (this.current.kind === 'dead_letters') this.pages.pieces.bury(true);
  }

  private succeed({ purpose }: Flight, ruling: Ruling): void {
    this.attempts = 0;
    this.failedRounds = 0;
    this.failure = undefined;
    this.pages.cautious = false;
    if (purpose === 'retest') this.pages.pieces.forgive();
    else this.pages.pieces.bury(purpose === 'elsewhere');
    if (ruling.split || ruling.refused.length > 0) return;
    this.requestEvents = Math.min(this.view.limits.events, this.requestEvents * 2);
  }

  private follow({ entries, purpose }: Flight, ruling: Ruling, now: number): void {
    if (ruling.park) return this.fail(ruling.park, undefined, now);
    // Behind a refused event a receiver may not have looked any further: the rest is sent at once, nothing has failed.
    const unread = ruling.refused.length > 0 && ruling.retry?.afterMs === 0;
    if (ruling.retry && !unread) return this.fail(ruling.retry, ruling.retry.afterMs, now);
    if (ruling.split) this.requestEvents = Math.max(1, entries.length >> 1);
    if (ruling.slowDown) this.retryAt = now + this.host.knobs.slowDownMs;
    if (ruling.refused.length === 0) return;
    if (purpose === 'retest') this.retest = false;
    else if (purpose !== 'deliver') this.refusesEverything(now);
  }

  private refusesEverything(now: number): void {
    this.failedRounds++;
    this.fail({ code: '', words: '', ...this.pages.pieces.firstRefusal, reason: 'refuses_everything' }, undefined, now);
  }

  /** Nothing is given up: the events are read again for the next try. */
  private fail(refusal: Refusal, afterMs: number | undefined, now: number): void {
    this.attempts++;
    this.failure = { reason: refusal.reason, code: refusal.code, words: refusal.words };
    const pause = backOffMs(this.attempts, afterMs, this.host.knobs, () => this.host.random());
    this.retryAt = now + Math.max(1, pause);
    this.pages.cautious = true;
    this.retest = true;
    this.letGo();
    this.step(now);
  }

  // ---------------------------------------------------------------- small change

  private bury(now: number): void {
    this.pages.pieces.bury(true);
    this.step(now);
  }

  /** Live delivery got through after these were refused. */
  private isTakenElsewhere(): boolean {
    return (this.host.news(this.current.destination)?.lastSuccessAt ?? -Infinity) > this.refusedSince;
  }

  private collect(): void {
    this.log.add(this.pages.pieces.takeSettled());
  }

  private letGo(): void {
    this.collect();
    this.pages.letGo(this.log.nextSeq);
  }

  private abort(flight: Flight): void {
    flight.abortAt = Infinity;
    this.host.emit({ kind: 'abort', replay: this.current.id, id: flight.id });
  }

  private stop(): void {
    if (this.flight) this.abort(this.flight);
    this.flight = undefined;
    this.letGo();
  }
}
