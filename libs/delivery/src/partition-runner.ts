// Binds one claimed partition's machine to the outside: carries its wishes out, brings the answers back, keeps its clock, commits.
import { held, retry, type Outcome } from '@auditlane/contracts';
import type { PollAnswer } from '@auditlane/destinations';
import type { Assignment, KafkaRecord } from '@auditlane/kafka';
import { crashPoint } from '@auditlane/observability';
import { now } from './clock';
import type { Deps } from './deps';
import type { Ownership } from './delivery-store';
import type { Effect, SavedPosition, StatusRow } from './domain/effects';
import type { Lane } from './domain/lane';
import { oldestUnsentAt } from './domain/lane-status';
import { Partition } from './domain/partition';
import { toLogRecord } from './live-event';
import { untilDatabaseAnswers } from './until-database-answers';

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

export interface Place {
  readonly offset: number;
  readonly acceptedOffset: number;
}

/** Beyond this a batch that finds no room goes back to the transport, which lets the other partitions of its broker go on meanwhile. */
const waitInPlaceMs = 1_000;
const handInAgainMs = 100;
const aborted = { kind: 'retry', reason: 'aborted' } as const;

export class PartitionRunner {
  private readonly machine: Partition;
  /** The machine asks for its clock while it is being made. */
  private ready = false;
  private readonly flights = new Map<number, AbortController>();
  private readonly signal = new AbortController();
  private timer: NodeJS.Timeout | undefined;
  private timerAt = Infinity;
  private pumping = false;
  private roomMade: (() => void) | undefined;
  private committing: Promise<void> | undefined;
  private committedAt = -Infinity;
  private commitTimer: NodeJS.Timeout | undefined;
  private lastCommitted: Place | undefined;
  /** When the event came that a cursor stands at, as it was last read: what retention will take first. */
  private readonly oldestOwed = new Map<string, number>();

  constructor(
    private readonly deps: Deps,
    private readonly assignment: Assignment,
    readonly ownership: Ownership,
    committed: Place | undefined,
    saved: readonly SavedPosition[],
    private readonly onRefused: () => void,
  ) {
    this.lastCommitted = committed;
    this.machine = new Partition(
      {
        knobs: deps.knobs,
        budgets: deps.budgets,
        maySend: () => this.maySend(),
        random: Math.random,
        committed,
        destinations: deps.destinationsOf(ownership.partition),
        saved,
        wakeNearer: () => {
          if (this.ready) this.arm();
        },
      },
      now(),
    );
    this.ready = true;
    this.pump();
  }

  /** Refused, revoked or lost: nothing that happens from here on reaches anybody. */
  hasEnded(): boolean {
    return this.signal.signal.aborted;
  }

  /** Where the group stands by this runner's own commits. */
  get committed(): Place | undefined {
    return this.lastCommitted;
  }

  get lanes(): Iterable<Lane> {
    return this.machine.allLanes;
  }

  lane(destination: string): Lane | undefined {
    return this.machine.lane(destination);
  }

  /** When the oldest event came that this destination is owed from the store; `undefined` where nothing waits there. */
  owedSince(lane: Lane): number | undefined {
    if (lane.isLive() || oldestUnsentAt(lane) === undefined) {
      this.oldestOwed.delete(lane.id);
      return undefined;
    }
    return this.oldestOwed.get(lane.id) ?? oldestUnsentAt(lane);
  }

  /** Aborted at this runner's end. */
  get ending(): AbortSignal {
    return this.signal.signal;
  }

  maySend(): boolean {
    return this.assignment.isFresh() && !this.deps.stopping();
  }

  get inFlight(): number {
    return this.flights.size;
  }

  async handle(records: readonly KafkaRecord[]): Promise<readonly Outcome[]> {
    if (this.hasEnded()) return [];
    const log = records.map(toLogRecord);
    const deadline = performance.now() + waitInPlaceMs;
    let taken = 0;
    for (;;) {
      taken = this.machine.batch(log, taken, now());
      const room = taken < log.length ? this.room(deadline) : undefined;
      this.pump();
      if (!room || !(await room) || this.hasEnded()) break;
    }
    // Refused meanwhile: what was handed in is discarded, and the partition claimed again.
    if (this.hasEnded() && !this.assignment.signal.aborted) return [];
    for (let index = 0; index < taken; index++) if (!log[index]?.event) this.deps.metrics.strangers.inc();
    if (taken === 0) return [retry('unknown', handInAgainMs)];
    return Array.from({ length: taken }, () => held);
  }

  configure(): void {
    if (this.hasEnded()) return;
    this.machine.settings(this.deps.destinationsOf(this.ownership.partition), now());
    this.pump();
  }

  takeStatus(): StatusRow[] {
    return this.hasEnded() ? [] : this.machine.takeStatus(now(), false);
  }

  /** They could not be written: they are due again. */
  giveBack(rows: readonly StatusRow[]): void {
    this.machine.giveBack(rows);
  }

  /** What is done by now, told to Kafka, where the group still listens. */
  async commitNow(): Promise<void> {
    await this.committing;
    const place = this.machine.committable;
    if (this.hasEnded() || !place || place.offset === this.lastCommitted?.offset || !this.assignment.isMember()) return;
    this.lastCommitted = place;
    crashPoint('delivery.beforeCommit');
    await this.assignment.commit(place.offset, String(place.acceptedOffset));
    crashPoint('delivery.afterCommit');
  }

  end(): void {
    if (this.hasEnded()) return;
    this.machine.lost();
    for (const effect of this.machine.takeEffects()) if (effect.kind === 'abort') this.flights.get(effect.id)?.abort();
    this.signal.abort();
    clearTimeout(this.timer);
    clearTimeout(this.commitTimer);
    this.roomMade?.();
  }

  // ---------------------------------------------------------------- effects

  private pump(): void {
    if (this.pumping || this.hasEnded()) return;
    this.pumping = true;
    for (const effect of this.machine.takeEffects()) this.carryOut(effect);
    this.pumping = false;
    this.arm();
    this.commitSoon();
  }

  private carryOut(effect: Effect): void {
    switch (effect.kind) {
      case 'send':
        this.run(this.send(effect));
        break;
      case 'poll':
        this.run(this.poll(effect));
        break;
      case 'abort':
        this.flights.get(effect.id)?.abort();
        break;
      case 'write':
        this.run(this.write(effect));
        break;
      case 'read':
        this.run(this.read(effect));
        break;
      case 'room':
        this.roomMade?.();
        break;
      case 'live':
        this.deps.statusSoon();
        break;
      case 'acknowledged':
        this.deps.metrics.acknowledged(effect.events);
        break;
      case 'unacknowledged':
        this.deps.metrics.unacknowledged(effect.events);
        this.deps.logger.warn(
          { destination: effect.destination, events: effect.events, fromSeq: effect.fromSeq, toSeq: effect.toSeq },
          'events were taken in and not acknowledged in time, sending them again',
        );
        break;
      case 'turned':
        this.deps.logger.info(
          { destination: effect.destination, from: effect.from, to: effect.to },
          'the health of a destination changed',
        );
        break;
    }
  }

  /** Whatever fails here without being an outcome is a bug: the process ends, nothing of it is committed. */
  private run(work: Promise<void>): void {
    work.catch((error: unknown) => this.deps.crash(error, 'delivering failed in a way that nobody foresaw'));
  }

  private async send({ destination, id, version, events }: EffectOf<'send'>): Promise<void> {
    const configured = this.deps.settings.get(destination);
    const controller = new AbortController();
    this.flights.set(id, controller);
    const sent =
      configured?.version === version
        ? await this.deps.sender.send(configured, events, controller.signal)
        : { verdicts: events.map(() => aborted) };
    this.flights.delete(id);
    if (this.hasEnded()) return;
    this.machine.answer(destination, id, sent, now());
    this.pump();
  }

  private async poll({ destination, id, version, ackIds }: EffectOf<'poll'>): Promise<void> {
    const configured = this.deps.settings.get(destination);
    const controller = new AbortController();
    this.flights.set(id, controller);
    const answer: PollAnswer =
      configured?.version === version
        ? await this.deps.sender.poll(configured, ackIds, controller.signal)
        : { kind: 'refused', verdict: aborted };
    this.flights.delete(id);
    if (this.hasEnded()) return;
    this.machine.polled(destination, id, answer, now());
    this.pump();
  }

  private async write({ destination, tenant, id, write }: EffectOf<'write'>): Promise<void> {
    const step = write.cursor === 'delete' ? 'CursorDelete' : 'CursorWrite';
    if (write.cursor) crashPoint(`delivery.before${step}`);
    const done = await this.patiently('a delivery position could not be written', () =>
      this.deps.store.write(this.ownership, destination, tenant, write),
    );
    if (done === undefined || this.hasEnded()) return;
    if (!done) return this.refused();
    if (write.cursor) crashPoint(`delivery.after${step}`);
    this.deps.metrics.left('dead_lettered', write.deadLetters.length);
    for (const { fromSeq, toSeq } of write.gaps) {
      this.deps.metrics.left('gap', toSeq - fromSeq + 1);
      this.deps.logger.error({ destination, fromSeq, toSeq }, 'events were deleted before they were delivered');
    }
    this.machine.written(destination, id, now());
    this.pump();
  }

  private async read({ destination, tenant, id, read }: EffectOf<'read'>): Promise<void> {
    const page = await this.patiently('events could not be read', () =>
      this.deps.reader.read(tenant, read.fromSeq, read),
    );
    if (!page || this.hasEnded()) return;
    crashPoint('delivery.afterPageRead');
    this.noteOldest(destination, read.fromSeq, page.rows[0]?.headers.receivedAt);
    this.machine.page(destination, id, page.rows, page.head, now());
    this.pump();
  }

  private noteOldest(destination: string, fromSeq: number, receivedAt: number | undefined): void {
    if (receivedAt === undefined || this.machine.lane(destination)?.position() !== fromSeq) return;
    this.oldestOwed.set(destination, receivedAt);
  }

  private patiently<T>(message: string, work: () => Promise<T>): Promise<T | undefined> {
    return untilDatabaseAnswers(work, message, this.deps.logger, this.signal.signal);
  }

  /** A write was refused: another instance has claimed the partition. */
  refused(): void {
    this.deps.metrics.claimsRefused.inc();
    this.deps.logger.warn(
      { partition: this.ownership.partition, epoch: this.ownership.epoch },
      'another instance has claimed this partition',
    );
    this.end();
    this.onRefused();
  }

  // ---------------------------------------------------------------- room, clock, commits

  private room(deadline: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (made: boolean): void => {
        clearTimeout(timer);
        this.roomMade = undefined;
        resolve(made);
      };
      const timer = setTimeout(() => settle(false), Math.max(0, deadline - performance.now()));
      this.roomMade = () => settle(true);
    });
  }

  private arm(): void {
    const at = this.machine.nextWake;
    if (at === undefined || this.hasEnded() || at >= this.timerAt) return;
    clearTimeout(this.timer);
    this.timerAt = at;
    this.timer = setTimeout(() => this.tick(), Math.max(0, at - now()));
  }

  private tick(): void {
    this.timerAt = Infinity;
    if (this.hasEnded()) return;
    this.machine.tick(now());
    this.pump();
  }

  private commitSoon(): void {
    const place = this.machine.committable;
    if (!place || place.offset === this.lastCommitted?.offset || this.committing || this.commitTimer) return;
    const wait = this.committedAt + this.deps.commitIntervalMs - performance.now();
    this.commitTimer = setTimeout(
      () => {
        this.commitTimer = undefined;
        this.committing = this.commitNow().finally(() => {
          this.committing = undefined;
          this.committedAt = performance.now();
          if (!this.hasEnded()) this.commitSoon();
        });
      },
      Math.max(0, wait),
    );
  }
}
