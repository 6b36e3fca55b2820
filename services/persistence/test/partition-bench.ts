// One claim of a partition on a real database, without Kafka around it: the tests hand records in and look at outcomes and rows.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createPool } from '@auditlane/storage';
import { AcceptedPartition, type PartitionDeps } from '../src/accepted-partition';
import { BatchStore } from '../src/batch-store';
import { type ClaimedState, ClaimStore } from '../src/claim-store';
import { DayKeeper } from '../src/day-keeper';
import { PersistenceMetrics } from '../src/metrics';
import { Turns } from '../src/turns';

export interface PartitionBench {
  readonly deps: PartitionDeps;
  readonly pool: ReturnType<typeof createPool>;
  readonly days: DayKeeper;
  /** Claims partition 0 as a new process (or generation) would. */
  claim(holding?: { isFresh(): boolean }): Promise<AcceptedPartition>;
  partitionFor(state: ClaimedState, deps: PartitionDeps): AcceptedPartition;
  close(): Promise<void>;
}

export function openPartitionBench(url: string, overrides: Partial<PartitionDeps> = {}): PartitionBench {
  const pool = createPool({
    url,
    max: 4,
    applicationName: 'test-persistence',
    statementTimeoutMs: 10_000,
    pipeline: true,
  });
  const logger = pino({ level: 'silent' });
  const metrics = new PersistenceMetrics(new Registry());
  const now = overrides.now ?? Date.now;
  const days = new DayKeeper(pool, { retentionDays: 30, intervalMs: 3_600_000, now, logger, metrics });
  const caps = { rowsPerTenantAndDay: 1000, rowsPerDay: 10_000 };
  const deps: PartitionDeps = {
    batches: new BatchStore(pool, { retentionDays: 30, caps, now }),
    claims: new ClaimStore(pool),
    makeDays: async (times) => days.makeFor(times),
    metrics,
    logger,
    limits: { records: 2_000, bytes: 4_194_304 },
    storedTopic: 'audit.events.stored',
    partitionOfTenant: () => 0,
    now,
    random: () => 0.5,
    turns: new Turns(),
    ...overrides,
  };
  return {
    deps,
    pool,
    days,
    claim: async (holding = { isFresh: () => true }) =>
      new AcceptedPartition({ partition: 0, ...holding }, await deps.claims.claim(0, 0), deps),
    partitionFor: (state, own) => new AcceptedPartition({ partition: 0, isFresh: () => true }, state, own),
    close: async () => pool.end(),
  };
}
