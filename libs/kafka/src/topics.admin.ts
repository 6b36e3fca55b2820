// Holds the topics to their contract at the start of a service, and creates them where the operator lets it.
import { setTimeout as delay } from 'node:timers/promises';
import { topicContracts, type Names, type TopicContract, type TopicRole } from '@auditlane/contracts';
import { type Admin, ConfigResourceTypes } from 'kafkajs';
import type { Logger } from 'pino';
import { kafkaClient, type KafkaConnection } from './client';
import {
  type FoundTopic,
  faultsOf,
  faultText,
  type TopicFault,
  wantedReplication,
  wantedSettings,
} from './domain/topic-contract';
import { errorText, isRetriable, protocolErrorType } from './errors';

export interface AssertTopicsOptions {
  readonly connection: KafkaConnection;
  readonly names: Names;
  readonly topics: readonly TopicRole[];
  readonly partitions: number;
  readonly createTopics: boolean;
  readonly logger: Logger;
  /** How long to wait for a broker that does not answer yet. */
  readonly waitMs?: number;
  /** Contracts other than the product's own, for installations that keep their topics longer. */
  readonly contracts?: Readonly<Record<TopicRole, TopicContract>>;
}

/** All faults of all topics at once: one round trip for the operator. */
export class TopicContractError extends Error {
  override readonly name = 'TopicContractError';
  constructor(readonly faults: readonly TopicFault[]) {
    super(`the topics do not keep their contract:\n  ${faults.map(faultText).join('\n  ')}`);
  }
}

export async function assertTopics(options: AssertTopicsOptions): Promise<void> {
  const { logger } = options;
  const admin = kafkaClient(options.connection, logger).admin({ retry: { retries: 0 } });
  const deadline = performance.now() + (options.waitMs ?? 60_000);
  try {
    for (let wait = 200; ; wait = Math.min(wait * 2, 2_000)) {
      try {
        await admin.connect();
        return await check(admin, options);
      } catch (error) {
        if (error instanceof TopicContractError || !isRetriable(error) || performance.now() > deadline) throw error;
        logger.info({ error: errorText(error) }, 'waiting for the broker');
        await delay(wait);
      }
    }
  } finally {
    await admin.disconnect();
  }
}

async function check(admin: Admin, options: AssertTopicsOptions): Promise<void> {
  const { names, partitions, logger } = options;
  const brokers = (await admin.describeCluster()).brokers.length;
  const existing = new Set(await admin.listTopics());
  const contracts = options.topics.map((role) => ({
    topic: names.topic(role),
    contract: (options.contracts ?? topicContracts)[role],
  }));
  const missing = contracts.filter(({ topic }) => !existing.has(topic));
  if (missing.length > 0 && options.createTopics) {
    await create(admin, missing, partitions, brokers);
    logger.info({ topics: missing.map(({ topic }) => topic), partitions }, 'created topics');
  }
  const faults: TopicFault[] = options.createTopics
    ? []
    : missing.map(({ topic }) => ({ topic, setting: 'topic', found: 'nothing', wanted: 'it to exist' }));
  const present = options.createTopics ? contracts : contracts.filter(({ topic }) => existing.has(topic));
  const found = await describe(
    admin,
    present.map(({ topic }) => topic),
  );
  for (const { topic, contract } of present) {
    const state = found.get(topic);
    if (state) faults.push(...faultsOf(state, contract, partitions, brokers));
  }
  if (faults.length > 0) throw new TopicContractError(faults);
}

async function create(
  admin: Admin,
  missing: readonly { topic: string; contract: TopicContract }[],
  partitions: number,
  brokers: number,
): Promise<void> {
  try {
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map(({ topic, contract }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: wantedReplication(brokers),
        configEntries: [...wantedSettings(contract, brokers)].map(([name, value]) => ({ name, value })),
      })),
    });
  } catch (error) {
    // Another service creates the same topics at the same time.
    if (protocolErrorType(error) !== 'TOPIC_ALREADY_EXISTS') throw error;
  }
}

async function describe(admin: Admin, topics: readonly string[]): Promise<ReadonlyMap<string, FoundTopic>> {
  if (topics.length === 0) return new Map();
  const metadata = await admin.fetchTopicMetadata({ topics: [...topics] });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: topics.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  const settings = new Map(
    resources.map(({ resourceName, configEntries }) => [
      resourceName,
      new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
    ]),
  );
  return new Map(
    metadata.topics.map(({ name, partitions }) => [
      name,
      {
        topic: name,
        partitions: partitions.length,
        replicationFactor: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        settings: settings.get(name) ?? new Map(),
      },
    ]),
  );
}
