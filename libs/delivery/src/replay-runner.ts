// Binds the replays of one claimed partition to the outside: reads, sends, writes down, keeps their clock. Live delivery knows nothing of it.
import type { Verdict } from '@auditlane/destinations';
import { crashPoint } from '@auditlane/observability';
import { now } from './clock';
import type { Deps } from './deps';
import type { Ownership } from './delivery-store';
import type { ByteBudget } from './domain/byte-budget';
import type { DestinationView } from './domain/effects';
import type { LaneNews } from './domain/replay';
import { isEnded, type ReplayEffect, type ReplayOrder, type ReplayProgress } from './domain/replay-effects';
import { Replays } from './domain/replays';
import { sendAndHear } from './replay-acknowledgement';
import type { ReplayStore } from './replay-store';
import { untilDatabaseAnswers } from './until-database-answers';

export interface ReplayDeps extends Deps {
  readonly replays: ReplayStore;
  readonly replayBudgets: { readonly pages: ByteBudget; readonly probes: ByteBudget };
}

/** What a replay needs of the partition it belongs to. */
export interface Owner {
  readonly ownership: Ownership;
  /** Aborted when the partition is not ours any more. */
  readonly signal: AbortSignal;
  maySend(): boolean;
  news(destination: string): LaneNews | undefined;
  /** A write was refused: another instance has claimed the partition. */
  refused(): void;
}

type EffectOf<K extends ReplayEffect['kind']> = Extract<ReplayEffect, { kind: K }>;
const aborted: Verdict = { kind: 'retry', reason: 'aborted' };
/** Timers take no more. */
const longestTimerMs = 2 ** 30;

export class ReplayRunner {
  readonly machine: Replays;
  private readonly flights = new Map<string, AbortController>();
  private timer: NodeJS.Timeout | undefined;
  private pumping = false;
  private configuring: Promise<void> = Promise.resolve();

  constructor(
    private readonly deps: ReplayDeps,
    private readonly owner: Owner,
  ) {
    this.machine = new Replays({
      knobs: deps.knobs,
      budgets: deps.replayBudgets,
      maySend: () => owner.maySend(),
      random: Math.random,
      news: (destination) => owner.news(destination),
      granted: (replay) => queueMicrotask(() => this.goOn(replay)),
    });
    owner.signal.addEventListener('abort', () => this.end());
    this.configure();
  }

  /** Orders, wishes and settings, as they are now. Where a replay is new here, its progress is read first: only that knows how far it is. */
  configure(): void {
    this.configuring = this.configuring.then(async () => this.takeOrders());
    this.run(this.configuring);
  }

  get inFlight(): number {
    return this.machine.inFlight;
  }

  private async takeOrders(): Promise<void> {
    const unknown = this.ours().flatMap(({ order }) => (this.machine.has(order.id) ? [] : [order.id]));
    const saved = await this.patiently('the progress of replays could not be read', () =>
      this.deps.replays.progress(unknown),
    );
    if (!saved || this.hasEnded()) return;
    for (const [id, { state }] of saved) if (isEnded(state)) this.deps.replays.forget(id);
    // As it is by now: what was said while the progress was read counts.
    const looked = new Set(unknown);
    const orders = this.ours().filter(({ order }) => this.machine.has(order.id) || looked.has(order.id));
    const known = orders.map((one) => ({ ...one, ...savedOf(saved.get(one.order.id)) }));
    this.machine.configure(known, now());
    this.pump();
  }

  private ours(): { order: ReplayOrder; view: DestinationView }[] {
    const orders = [...this.deps.replays.all()];
    if (orders.length === 0) return [];
    const views = new Map(this.deps.destinationsOf(this.owner.ownership.partition).map((view) => [view.id, view]));
    return orders.flatMap((order) => {
      const view = views.get(order.destination);
      return view ? [{ order, view }] : [];
    });
  }

  private hasEnded(): boolean {
    return this.owner.signal.aborted;
  }

  private end(): void {
    this.machine.lost();
    for (const effect of this.machine.takeEffects()) if (effect.kind === 'abort') this.abort(effect);
    clearTimeout(this.timer);
  }

  private goOn(replay: string): void {
    if (this.hasEnded()) return;
    this.machine.step(replay, now());
    this.pump();
  }

  // ---------------------------------------------------------------- effects

  private pump(): void {
    if (this.pumping || this.hasEnded()) return;
    this.pumping = true;
    for (const effect of this.machine.takeEffects()) this.carryOut(effect);
    this.pumping = false;
    this.arm();
  }

  private carryOut(effect: ReplayEffect): void {
    switch (effect.kind) {
      case 'send':
        return this.run(this.send(effect));
      case 'abort':
        return this.abort(effect);
      case 'read':
        return this.run(this.read(effect));
      case 'read_letters':
        return this.run(this.readLetters(effect));
      case 'write':
        return this.run(this.write(effect));
    }
  }

  private run(work: Promise<void>): void {
    work.catch((error: unknown) => this.deps.crash(error, 'a replay failed in a way that nobody foresaw'));
  }

  private abort({ replay, id }: EffectOf<'abort'>): void {
    this.flights.get(flightKey(replay, id))?.abort();
  }

  private async send({ replay, destination, id, version, events }: EffectOf<'send'>): Promise<void> {
    const configured = this.deps.settings.get(destination);
    const controller = new AbortController();
    this.flights.set(flightKey(replay, id), controller);
    const sent =
      configured?.version === version
        ? await sendAndHear(this.deps.sender, configured, events, controller.signal, this.deps.knobs)
        : { verdicts: events.map(() => aborted) };
    this.flights.delete(flightKey(replay, id));
    if (this.hasEnded()) return;
    crashPoint('replay.afterAnswer');
    this.machine.answer(replay, id, sent, now());
    this.pump();
  }

  private async read({ replay, id, tenant, read }: EffectOf<'read'>): Promise<void> {
    const page = await this.patiently('events of a replay could not be read', () =>
      this.deps.reader.read(tenant, read.fromSeq, read),
    );
    if (!page || this.hasEnded()) return;
    this.machine.page(replay, id, page.rows, now());
    this.pump();
  }

  private async readLetters({ replay, id, tenant, read }: EffectOf<'read_letters'>): Promise<void> {
    const letters = await this.patiently('dead letters could not be read', () =>
      this.deps.replays.letters(replay, tenant, read),
    );
    if (!letters || this.hasEnded()) return;
    this.machine.letters(replay, id, letters, now());
    this.pump();
  }

  private async write({ replay, id, order, write }: EffectOf<'write'>): Promise<void> {
    const done = await this.patiently('the progress of a replay could not be written', () =>
      this.deps.replays.write(this.owner.ownership, order, write),
    );
    if (done === undefined || this.hasEnded()) return;
    if (!done) return this.owner.refused();
    crashPoint('replay.afterProgressWrite');
    const { state, delivered, deadLettered, unwanted, missing } = write.progress;
    this.deps.metrics.replayed(write.since);
    this.machine.written(replay, id, now());
    if (!this.machine.has(replay)) {
      this.deps.replays.forget(replay);
      const { destination } = order;
      const result = { replay, destination, state, delivered, deadLettered, unwanted, missing };
      this.deps.logger.info(result, 'a replay has ended');
    }
    this.pump();
  }

  private patiently<T>(message: string, work: () => Promise<T>): Promise<T | undefined> {
    return untilDatabaseAnswers(work, message, this.deps.logger, this.owner.signal);
  }

  private arm(): void {
    const at = this.machine.nextWake;
    clearTimeout(this.timer);
    if (at === Infinity) return;
    const wait = Math.min(Math.max(0, at - now()), longestTimerMs);
    this.timer = setTimeout(() => this.tick(), wait);
  }

  private tick(): void {
    if (this.hasEnded()) return;
    this.machine.tick(now());
    this.pump();
  }
}

const flightKey = (replay: string, id: number): string => `${replay}/${id}`;
const savedOf = (saved: ReplayProgress | undefined): { saved?: ReplayProgress } => (saved ? { saved } : {});
