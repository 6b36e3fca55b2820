// Starts the service: database first (topology, days), then the groups on `accepted` and `rejected`.
import { NestFactory } from '@nestjs/core';
import { LRUCache } from 'lru-cache';
import type { ConfigOf } from '@auditlane/config';
import { namesWith, partitionOf } from '@auditlane/contracts';
import { KafkaBatchServer, type Settlement } from '@auditlane/kafka';
import { crash, crashPoint, type Running, type Runtime } from '@auditlane/observability';
import { assertTopology, createPool, showPool, type Topology } from '@auditlane/storage';
import type { PartitionDeps } from './accepted-partition';
import { BatchStore } from './batch-store';
import { ClaimStore } from './claim-store';
import { DayKeeper } from './day-keeper';
import { PersistenceMetrics } from './metrics';
import { PersistenceModule } from './persistence.module';
import { RejectedStore } from './rejected-store';
import type { RejectedDeps } from './rejected.controller';
import type { persistenceDefinition } from './settings';
import { Turns } from './turns';

type PersistenceRuntime = Runtime<ConfigOf<typeof persistenceDefinition>>;
type Database = ReturnType<typeof createPool>;

export async function startPersistence(runtime: PersistenceRuntime): Promise<Running> {
  const { config, logger, health } = runtime;
  const pool = openPool(runtime);
  const topology = await assertTopology(pool, {
    partitions: config.AUDITLANE_PARTITIONS,
    retentionDays: config.AUDITLANE_RETENTION_DAYS,
  });
  const metrics = new PersistenceMetrics(runtime.registry);
  const days = new DayKeeper(pool, {
    retentionDays: topology.retentionDays,
    intervalMs: config.AUDITLANE_MAINTENANCE_INTERVAL_MS,
    now: Date.now,
    logger,
    metrics,
  });
  await days.start();
  health.addReadiness('database', async () => (await pool.query('select 1')).rowCount === 1);

  const { accepted, rejected } = handlerDeps(runtime, pool, topology, metrics, days);
  const app = await NestFactory.createMicroservice(PersistenceModule.with(accepted, rejected), {
    strategy: kafkaServer(runtime),
    logger: false,
  });
  await app.listen();
  return {
    close: async () => {
      await app.close();
      await days.stop();
      await pool.end();
    },
  };
}

function openPool({ config, logger, registry }: PersistenceRuntime): Database {
  const pool = createPool({
    url: config.AUDITLANE_DATABASE_URL,
    max: config.AUDITLANE_DATABASE_POOL,
    applicationName: 'auditlane-persistence',
    pipeline: true,
    onIdleError: (error) => logger.warn({ error: error.message }, 'an idle database connection ended'),
  });
  showPool(registry, pool);
  return pool;
}

function handlerDeps(
  { config, logger }: PersistenceRuntime,
  pool: Database,
  { partitions, retentionDays }: Topology,
  metrics: PersistenceMetrics,
  days: DayKeeper,
): { accepted: PartitionDeps; rejected: RejectedDeps } {
  const caps = {
    rowsPerTenantAndDay: config.AUDITLANE_QUARANTINE_PER_TENANT,
    rowsPerDay: config.AUDITLANE_QUARANTINE_PER_DAY,
  };
  const shared = {
    metrics,
    logger,
    random: Math.random,
    makeDays: async (recordTimes: readonly number[]) => days.makeFor(recordTimes),
  };
  return {
    accepted: {
      ...shared,
      batches: new BatchStore(pool, { retentionDays, caps, now: Date.now }),
      claims: new ClaimStore(pool),
      limits: { records: config.AUDITLANE_PERSIST_BATCH_RECORDS, bytes: config.AUDITLANE_PERSIST_BATCH_BYTES },
      storedTopic: namesWith(config.AUDITLANE_TOPIC_PREFIX).topic('stored'),
      partitionOfTenant: rememberPartitions(partitions),
      now: Date.now,
      turns: new Turns(),
    },
    rejected: { ...shared, store: new RejectedStore(pool, { retentionDays, caps }) },
  };
}

/** Hashing a tenant's name for each of its events costs more than remembering it; bounded, because names come from outside. */
function rememberPartitions(partitions: number): (tenant: string) => number {
  const known = new LRUCache<string, number>({ max: 50_000 });
  return (tenant) => {
    const found = known.get(tenant);
    if (found !== undefined) return found;
    const partition = partitionOf(tenant, partitions);
    known.set(tenant, partition);
    return partition;
  };
}

function kafkaServer(runtime: PersistenceRuntime): KafkaBatchServer {
  const { config, instance, logger } = runtime;
  return new KafkaBatchServer({
    connection: { brokers: config.AUDITLANE_KAFKA_BROKERS, clientId: instance },
    names: namesWith(config.AUDITLANE_TOPIC_PREFIX),
    subscriptions: [
      { topic: 'accepted', group: 'persistence', concurrency: config.AUDITLANE_PERSIST_CONCURRENCY },
      { topic: 'rejected', group: 'quarantine', concurrency: 1 },
    ],
    produces: ['stored'],
    producer: true,
    partitions: config.AUDITLANE_PARTITIONS,
    createTopics: config.AUDITLANE_TOPICS_CREATE,
    sessionTimeoutMs: config.AUDITLANE_SESSION_TIMEOUT_MS,
    heartbeatIntervalMs: config.AUDITLANE_HEARTBEAT_INTERVAL_MS,
    runtime,
    onCrash: (error, message) => crash(logger, error, message),
    onProduced: ({ produce }: Settlement) => {
      if (produce.length > 0) crashPoint('persistence.afterStoredProduce');
    },
  });
}
