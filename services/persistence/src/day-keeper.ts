// Makes the days ahead and lets go of what retention has passed. The database checks each drop again, by its own clock and by ours.
import type { Logger } from 'pino';
import type { Pool } from 'pg';
import { type Day, dayOf, dropDay, knownDays, makeDay, makeDays } from '@auditlane/storage';
import { keptDays } from './domain/quarantine-row';
import type { PersistenceMetrics } from './metrics';

export interface DayKeeperOptions {
  readonly retentionDays: number;
  readonly intervalMs: number;
  readonly now: () => number;
  readonly logger: Logger;
  readonly metrics: PersistenceMetrics;
}

const daysAhead = 7;
/** Dedupe keys outlive their events by Kafka's retention, so that nothing still in a topic can be stored a second time. */
const dedupeExtraDays = 7;
const chunk = 5_000;
const dayMs = 86_400_000;

export class DayKeeper {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopped = false;

  constructor(
    private readonly pool: Pool,
    private readonly options: DayKeeperOptions,
  ) {}

  /** Runs at once, so that no service starts without a partition for today, and then at intervals. */
  async start(): Promise<void> {
    await this.makeAhead();
    this.running = this.runOnce();
    this.timer = setInterval(() => {
      this.running = this.running.then(async () => this.runOnce());
    }, this.options.intervalMs);
  }

  /** Settles when the run under way, if any, has come to its end. */
  async idle(): Promise<void> {
    await this.running;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    await this.running;
  }

  /** What a failed write asks for: today and the days ahead, and quarantine's for records of these times. */
  async makeFor(recordTimes: readonly number[]): Promise<void> {
    await this.makeAhead();
    const days = keptDays(dayOf(this.options.now()), this.options.retentionDays);
    for (const day of new Set(recordTimes.map((time) => days.of(time)))) await makeDay(this.pool, day);
  }

  private async makeAhead(): Promise<void> {
    const last = await makeDays(this.pool, daysAhead);
    this.options.metrics.daysAheadSeconds.set((Date.parse(last) + dayMs - this.options.now()) / 1000);
  }

  /** Never rejects: a run that fails is reported and comes again. */
  private async runOnce(): Promise<void> {
    const { metrics, logger, now } = this.options;
    if (this.stopped) return;
    try {
      await this.makeAhead();
      await this.dropOldest();
      await this.forgetKeys();
      metrics.retentionSuccess.set(now() / 1000);
    } catch (error) {
      metrics.retentionFailures.inc();
      logger.error({ err: error }, 'the retention run did not come to its end');
    }
  }

  /** One day a run: a clock that leaps cannot take more before somebody sees the alarm. */
  private async dropOldest(): Promise<void> {
    const { now, retentionDays, logger } = this.options;
    const oldest: Day | undefined = (await knownDays(this.pool))[0];
    const limit = dayOf(now() - (retentionDays + 1) * dayMs);
    if (oldest === undefined || oldest > limit) return;
    if (await dropDay(this.pool, oldest, new Date(now()))) logger.info({ day: oldest }, 'retention dropped a day');
  }

  private async forgetKeys(): Promise<void> {
    const { now, retentionDays } = this.options;
    const before = dayOf(now() - (retentionDays + dedupeExtraDays) * dayMs);
    await this.pool.query(
      `delete from audit.quarantine_tally where day < least($1::date, audit.database_day() - $2::int)`,
      [dayOf(now() - retentionDays * dayMs), retentionDays],
    );
    for (let deleted = chunk; deleted === chunk && !this.stopped;) {
      const result = await this.pool.query(forgetChunk, [before, retentionDays + dedupeExtraDays, chunk]);
      deleted = result.rowCount ?? 0;
    }
  }
}

/** Judged by both clocks, in chunks that hold their locks for a moment only. */
const forgetChunk = `
with old as (
  select tenant_id, event_id from audit.dedupe where stored_day < least($1::date, audit.database_day() - $2::int) limit $3
)
delete from audit.dedupe d using old where d.tenant_id = old.tenant_id and d.event_id = old.event_id`;
