// Ingestion: reads what producers publish, takes what is an audit event, hands everything else to quarantine with its reason.
import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import { namesWith } from '@auditlane/contracts';
import { KafkaBatchServer } from '@auditlane/kafka';
import { crash, crashPoint, runService } from '@auditlane/observability';
import { createJudge } from './domain/judge-record';
import { ingestionConfig, limitsOf } from './env';
import { createIngestionMetrics } from './ingestion.metrics';
import { IngestionModule } from './ingestion.module';

void runService('ingestion', ingestionConfig, async (runtime) => {
  const { config, instance, logger, registry } = runtime;
  const names = namesWith(config.AUDITLANE_TOPIC_PREFIX);
  const metrics = createIngestionMetrics(registry);
  const judge = createJudge({
    limits: limitsOf(config),
    tenants: config.AUDITLANE_TENANTS && new Set(config.AUDITLANE_TENANTS),
    names,
  });
  const strategy = new KafkaBatchServer({
    connection: { brokers: config.AUDITLANE_KAFKA_BROKERS, clientId: instance },
    names,
    subscriptions: [{ topic: 'events', group: 'ingestion' }],
    producer: true,
    produces: ['accepted', 'rejected'],
    partitions: config.AUDITLANE_PARTITIONS,
    createTopics: config.AUDITLANE_TOPICS_CREATE,
    sessionTimeoutMs: config.AUDITLANE_SESSION_TIMEOUT_MS,
    heartbeatIntervalMs: config.AUDITLANE_HEARTBEAT_INTERVAL_MS,
    runtime,
    onCrash: (error, message) => crash(logger, error, message),
    onProduced: (settlement) => {
      metrics.handedOn(settlement);
      crashPoint('ingestion.afterProduce');
    },
  });
  const parts = { judge, rejectedTopic: names.topic('rejected'), metrics, logger, now: Date.now };
  const app = await NestFactory.createMicroservice(IngestionModule.of(parts), {
    strategy,
    logger: false,
    abortOnError: false,
  });
  await app.listen();
  return { close: async () => app.close() };
});
