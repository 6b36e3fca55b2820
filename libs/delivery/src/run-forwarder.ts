// A whole forwarder service: everything but the type is the same, so a service is one line.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { namesWith, type DestinationType, type GroupRole } from '@auditlane/contracts';
import { egressFromSettings, type Egress } from '@auditlane/egress';
import { KafkaBatchServer } from '@auditlane/kafka';
import { crash, runService, type Running, type Runtime } from '@auditlane/observability';
import { KeyRing } from '@auditlane/secrets';
import { assertTopology, createPool, EventReader, showPool } from '@auditlane/storage';
import { forwarderDefinition, knobsOf, type ForwarderConfig } from './config';
import { DeliveryModule } from './delivery.module';
import { DeliveryStore } from './delivery-store';
import { ByteBudget } from './domain/byte-budget';
import { Forwarder } from './forwarder';
import { DeliveryMetrics } from './metrics';
import { NotificationStore } from './notification-store';
import { Notifier } from './notifier';
import { ReplayStore } from './replay-store';
import { Sender } from './sender';
import { SettingsStore } from './settings-store';
import { SettingsWatch } from './settings-watch';

/** For the pages of replays, and as much for those that find out whether a receiver is back; live delivery's memory stays its own. */
const replayBytes = 4 * 1_048_576;

type ForwarderRuntime = Runtime<ForwarderConfig>;
type Database = ReturnType<typeof createPool>;

const dayMs = 86_400_000;
const groups: Readonly<Record<DestinationType, GroupRole>> = {
  splunk: 'forwarder-splunk',
  http: 'forwarder-http',
  elasticsearch: 'forwarder-elasticsearch',
};

export function runForwarder(type: DestinationType): Promise<void> {
  return runService(`forwarder-${type}`, forwarderDefinition(type), (runtime) => startForwarder(type, runtime));
}

async function startForwarder(type: DestinationType, runtime: ForwarderRuntime): Promise<Running> {
  const { config, health, logger } = runtime;
  const egress = egressFromSettings(config, { connectTimeoutMs: config.AUDITLANE_EGRESS_CONNECT_TIMEOUT_MS });
  const pool = openPool(type, runtime);
  const { retentionDays } = await assertTopology(pool, { partitions: config.AUDITLANE_PARTITIONS });
  const forwarder = makeForwarder(type, runtime, pool, egress, retentionDays * dayMs);
  await forwarder.start();
  const watch = new SettingsWatch({
    pool,
    logger,
    pollMs: config.AUDITLANE_SETTINGS_POLL_MS,
    refresh: () => forwarder.refresh(),
  });
  watch.start();
  health.addReadiness('database', async () => (await pool.query('select 1')).rowCount === 1);

  const server = kafkaServer(type, runtime);
  const app = await NestFactory.createMicroservice(DeliveryModule.with(forwarder), { strategy: server, logger: false });
  await app.listen();
  return {
    close: async () => {
      await watch.stop();
      await forwarder.settle(() => server.quiesce());
      await app.close();
      await egress.destroy();
      await pool.end();
    },
  };
}

function openPool(type: DestinationType, { config, logger, registry }: ForwarderRuntime): Database {
  const pool = createPool({
    url: config.AUDITLANE_DATABASE_URL,
    max: config.AUDITLANE_DATABASE_POOL,
    applicationName: `auditlane-forwarder-${type}`,
    onIdleError: (error) => logger.warn({ error: error.message }, 'an idle database connection ended'),
  });
  showPool(registry, pool);
  return pool;
}

function makeForwarder(
  type: DestinationType,
  runtime: ForwarderRuntime,
  pool: Database,
  egress: Egress,
  retentionMs: number,
): Forwarder {
  const { config, instance, logger, registry } = runtime;
  const knobs = knobsOf(config);
  const keyRing = KeyRing.load(config.AUDITLANE_KEY_RING_FILE);
  const group = namesWith(config.AUDITLANE_TOPIC_PREFIX).group(groups[type]);
  const metrics: DeliveryMetrics = new DeliveryMetrics(registry, type, () => forwarder.reading());
  const forwarder: Forwarder = new Forwarder({
    knobs,
    budgets: {
      lanes: new ByteBudget(knobs.lanesBytes),
      drains: new ByteBudget(knobs.drainBytes),
      probes: new ByteBudget(knobs.probesBytes),
    },
    settings: new SettingsStore(pool, type, keyRing),
    store: new DeliveryStore(pool, group, instance),
    reader: new EventReader(pool),
    sender: new Sender(egress, metrics, config.AUDITLANE_DELIVERY_REQUEST_TIMEOUT_MS),
    replays: new ReplayStore(pool, type, group),
    replayBudgets: { pages: new ByteBudget(replayBytes), probes: new ByteBudget(replayBytes) },
    metrics,
    logger,
    egress,
    notifier: new Notifier({
      store: new NotificationStore(pool, group, type),
      egress,
      keyRing,
      logger,
      metrics,
      times: { firstMs: config.AUDITLANE_NOTIFY_AFTER_MS, secondMs: config.AUDITLANE_NOTIFY_AGAIN_AFTER_MS },
      intervalMs: config.AUDITLANE_NOTIFY_INTERVAL_MS,
      retryMs: config.AUDITLANE_NOTIFY_RETRY_MS,
      giveUpMs: config.AUDITLANE_NOTIFY_GIVE_UP_MS,
    }),
    partitions: config.AUDITLANE_PARTITIONS,
    retentionMs,
    commitIntervalMs: config.AUDITLANE_DELIVERY_COMMIT_INTERVAL_MS,
    statusIntervalMs: config.AUDITLANE_DELIVERY_STATUS_INTERVAL_MS,
    crash: (error, message) => crash(logger, error, message),
  });
  return forwarder;
}

function kafkaServer(type: DestinationType, runtime: ForwarderRuntime): KafkaBatchServer {
  const { config, instance, logger } = runtime;
  return new KafkaBatchServer({
    connection: { brokers: config.AUDITLANE_KAFKA_BROKERS, clientId: instance },
    names: namesWith(config.AUDITLANE_TOPIC_PREFIX),
    subscriptions: [
      {
        topic: 'stored',
        group: groups[type],
        commits: 'handler',
        maxBytesPerPartition: config.AUDITLANE_FETCH_BYTES,
        // What lanes keep keeps its whole fetch in memory.
        maxBytes: 2 * config.AUDITLANE_FETCH_BYTES,
      },
    ],
    producer: false,
    partitions: config.AUDITLANE_PARTITIONS,
    createTopics: config.AUDITLANE_TOPICS_CREATE,
    sessionTimeoutMs: config.AUDITLANE_SESSION_TIMEOUT_MS,
    heartbeatIntervalMs: config.AUDITLANE_HEARTBEAT_INTERVAL_MS,
    runtime,
    onCrash: (error, message) => crash(logger, error, message),
  });
}
