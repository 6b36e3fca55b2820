// The partitions that this process owns and what they share: settings that keep up, statuses that are written, an orderly end.
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf } from '@auditlane/contracts';
import type { Assignment } from '@auditlane/kafka';
import type { Egress } from '@auditlane/egress';
import { now } from './clock';
import type { ConfiguredDestination } from './destination';
import { health, obstacle, oldestUnsentAt, runnable } from './domain/lane-status';
import type { DeliveryReading } from './metrics';
import type { Notifier } from './notifier';
import { PartitionRunner, type Place } from './partition-runner';
import { ReplayRunner, type ReplayDeps } from './replay-runner';
import { untilDatabaseAnswers } from './until-database-answers';

export interface ForwarderOptions extends Omit<ReplayDeps, 'stopping' | 'destinationsOf' | 'statusSoon'> {
  readonly egress: Egress;
  readonly notifier: Notifier;
  readonly partitions: number;
  readonly statusIntervalMs: number;
  readonly retentionMs: number;
}

/** What is in flight at the end is given this long to be answered; after that it is aborted and comes again. */
const lastAnswersMs = 5_000;
/** Turning live is told at once, but many at a time. */
const statusSoonMs = 100;
const none: readonly ConfiguredDestination[] = [];

interface Held {
  readonly assignment: Assignment;
  readonly runner: PartitionRunner;
  readonly replays: ReplayRunner;
}

export class Forwarder {
  private readonly runners = new Map<number, Held>();
  private byPartition = new Map<number, ConfiguredDestination[]>();
  private readonly partitionsOfTenants = new Map<string, number>();
  private readonly deps: ReplayDeps;
  private readonly closing = new AbortController();
  private statusTimer: NodeJS.Timeout | undefined;
  private soonTimer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();

  constructor(private readonly options: ForwarderOptions) {
    this.deps = {
      ...options,
      stopping: () => this.closing.signal.aborted,
      destinationsOf: (partition) => this.byPartition.get(partition) ?? none,
      statusSoon: () => this.statusSoon(),
    };
  }

  async start(): Promise<void> {
    await this.refresh();
    await this.options.store.seen(this.options.settings.version);
    this.statusTimer = setInterval(() => this.save(), this.options.statusIntervalMs);
    this.options.notifier.start();
  }

  // ---------------------------------------------------------------- settings

  /** Reads the settings and puts them in force everywhere, then says so. */
  async refresh(): Promise<void> {
    const { settings, store, replays } = this.options;
    const before = new Set([...settings.all()].map(({ id }) => id));
    const changed = await settings.refresh();
    if (!changed && replays.version === settings.version) return;
    await replays.refresh(settings.version);
    this.index();
    for (const held of this.runners.values()) {
      held.runner.configure();
      held.replays.configure();
    }
    for (const { id } of settings.all()) before.delete(id);
    for (const id of before) this.forgetConnections(id);
    await store.seen(settings.version);
  }

  private index(): void {
    const byPartition = new Map<number, ConfiguredDestination[]>();
    for (const destination of this.options.settings.all()) {
      const partition = this.partitionOfTenant(destination.tenant);
      const list = byPartition.get(partition);
      if (list) list.push(destination);
      else byPartition.set(partition, [destination]);
    }
    this.byPartition = byPartition;
  }

  private partitionOfTenant(tenant: string): number {
    const known = this.partitionsOfTenants.get(tenant);
    if (known !== undefined) return known;
    const partition = partitionOf(tenant, this.options.partitions);
    this.partitionsOfTenants.set(tenant, partition);
    return partition;
  }

  /** Of a deleted destination, once the grace for what is in flight is over. */
  private forgetConnections(id: string): void {
    const { egress, knobs } = this.options;
    setTimeout(() => void egress.close(id).catch(() => undefined), knobs.abortGraceMs).unref();
  }

  // ---------------------------------------------------------------- partitions

  async claim(assignment: Assignment): Promise<void> {
    const { partition } = assignment;
    const { logger, store } = this.options;
    const previous = this.runners.get(partition);
    previous?.runner.end();
    this.runners.delete(partition);
    const patiently = <T>(work: () => Promise<T>): Promise<T | undefined> =>
      untilDatabaseAnswers(work, 'the claim of a partition failed, trying again', logger, assignment.signal);

    const committed =
      (previous?.assignment === assignment ? previous.runner.committed : undefined) ??
      placeOf(await assignment.committed());
    if (!assignment.isMember()) return;
    const epoch = await patiently(() => store.claim(partition));
    // After the claim: nothing that the former owner acted on may be unknown here.
    await patiently(() => this.refresh());
    const tenants = new Map((this.byPartition.get(partition) ?? none).map(({ id, tenant }) => [id, tenant]));
    const ids = [...tenants.keys()];
    const saved = await patiently(() => store.positions(ids));
    if (epoch === undefined || !saved) return;
    const ownership = { partition, epoch };
    await patiently(() => this.options.notifier.claimed(ownership, assignment, tenants, saved));
    if (assignment.signal.aborted) return;
    if (!committed) this.options.metrics.positionsLost.inc();
    const onRefused = (): void => {
      if (!this.closing.signal.aborted) void assignment.reclaim();
    };
    const runner = new PartitionRunner(this.deps, assignment, ownership, committed, saved, onRefused);
    this.runners.set(partition, { assignment, runner, replays: this.replaysOf(runner) });
    // Settings that came while the positions were read.
    runner.configure();
    logger.info({ ...ownership, ...committed, destinations: ids.length }, 'partition claimed');
  }

  private replaysOf(runner: PartitionRunner): ReplayRunner {
    return new ReplayRunner(this.deps, {
      ownership: runner.ownership,
      signal: runner.ending,
      maySend: () => runner.maySend(),
      refused: () => runner.refused(),
      news: (destination) => {
        const lane = runner.lane(destination);
        return lane && { failure: obstacle(lane), lastSuccessAt: lane.condition.lastSuccessAt };
      },
    });
  }

  runnerOf(assignment: Assignment): PartitionRunner | undefined {
    const held = this.runners.get(assignment.partition);
    return held?.assignment === assignment ? held.runner : undefined;
  }

  async release(assignment: Assignment): Promise<void> {
    const runner = this.runnerOf(assignment);
    if (!runner) return;
    this.runners.delete(assignment.partition);
    this.options.notifier.released(assignment.partition);
    await runner.commitNow();
    runner.end();
  }

  // ---------------------------------------------------------------- status

  private statusSoon(): void {
    if (this.soonTimer || this.closing.signal.aborted) return;
    this.soonTimer = setTimeout(() => {
      this.soonTimer = undefined;
      this.save();
    }, statusSoonMs);
  }

  private save(): void {
    this.saving = this.saving.then(() => this.saveStatus());
  }

  private async saveStatus(): Promise<void> {
    const taken = [...this.runners.values()].map(({ runner }) => ({ runner, rows: runner.takeStatus() }));
    const rows = taken.flatMap((one) => one.rows.map((row) => ({ ownership: one.runner.ownership, row })));
    try {
      await this.options.store.saveStatus(rows);
      this.options.notifier.observe(rows);
      await this.options.store.seen(this.options.settings.version);
    } catch (error) {
      for (const one of taken) one.runner.giveBack(one.rows);
      this.options.logger.warn({ err: error }, 'the status of destinations was not written, trying again later');
    }
  }

  reading(): DeliveryReading {
    const at = now();
    const destinations = { healthy: 0, retrying: 0, failing: 0, disabled: 0 };
    let oldest = at;
    let runnableEvents = 0;
    let owed = at;
    const replays = { running: 0, waiting: 0, paused: 0 };
    for (const held of this.runners.values()) {
      for (const state of held.replays.machine.openStates()) replays[state]++;
    }
    for (const { runner } of this.runners.values()) {
      for (const lane of runner.lanes) {
        destinations[health(lane, at)]++;
        runnableEvents += runnable(lane, at);
        if (!lane.settings.enabled) continue;
        oldest = Math.min(oldest, oldestUnsentAt(lane) ?? at);
        owed = Math.min(owed, runner.owedSince(lane) ?? at);
      }
    }
    const { lanes, drains, probes } = this.options.budgets;
    return {
      oldestPendingSeconds: (at - oldest) / 1000,
      retentionMarginSeconds: (owed + this.options.retentionMs - at) / 1000,
      runnableEvents,
      laneBytes: lanes.inUse,
      drainBytes: drains.inUse + probes.inUse,
      destinations,
      replays,
    };
  }

  // ---------------------------------------------------------------- the end

  /** No new request; what is in flight may still be answered; then positions and statuses are written down. */
  async settle(quiesce: () => Promise<void>): Promise<void> {
    this.closing.abort();
    clearInterval(this.statusTimer);
    clearTimeout(this.soonTimer);
    await quiesce();
    const deadline = performance.now() + lastAnswersMs;
    const flying = (): boolean =>
      [...this.runners.values()].some(({ runner, replays }) => runner.inFlight + replays.inFlight > 0);
    while (flying() && performance.now() < deadline) await delay(20);
    await this.options.notifier.stop();
    await this.saving;
    await Promise.race([this.saveStatus(), delay(1_000)]);
    await Promise.all([...this.runners.values()].map(({ runner }) => runner.commitNow()));
    // Whoever has said goodbye holds up nobody who waits for settings to be applied.
    await Promise.race([this.options.store.leave().catch(() => undefined), delay(1_000)]);
  }
}

function placeOf(committed: { offset: number; metadata: string } | undefined): Place | undefined {
  // Moved by hand, an offset says nothing of what was handled below it.
  if (!committed || !/^-?\d{1,15}$/.test(committed.metadata)) return undefined;
  return { offset: committed.offset, acceptedOffset: Number(committed.metadata) };
}
