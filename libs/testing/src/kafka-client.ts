// What producers and readers outside our services do to the broker, with plain kafkajs.
import { randomUUID } from 'node:crypto';
import { Kafka, logLevel, type Admin, type IHeaders, type Producer } from 'kafkajs';
import { namesWith, topicContracts, topicNames, type AuditEvent, type TopicRole } from '@auditlane/contracts';
import { eventually } from './eventually';
import { stack } from './stack';
import { atTestEnd } from './test-end';
import { testPartitions } from './test-partitions';

const client = (brokers = stack().brokers): Kafka =>
  new Kafka({
    clientId: 'auditlane.tests',
    brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 100, retries: 10 },
  });

let producer: Promise<Producer> | undefined;

async function connected(): Promise<Producer> {
  const made = client().producer({ allowAutoTopicCreation: false });
  await made.connect();
  atTestEnd(async () => made.disconnect());
  return made;
}

/** Creates the four topics of a prefix as their contracts say, as a service with AUDITLANE_TOPICS_CREATE=true would. */
export async function createTopics(
  prefix: string,
  partitions: number = testPartitions,
  brokers?: string[],
): Promise<void> {
  const names = namesWith(prefix);
  const admin = client(brokers).admin();
  await admin.connect();
  try {
    const topics = Object.values(topicContracts).map(({ role }) => [names.topic(role), role] as const);
    await createNamedTopics(admin, Object.fromEntries(topics), partitions);
  } finally {
    await admin.disconnect();
  }
}

/** Creates each topic by the contract of its role; all are ready to be written when this resolves. */
export async function createNamedTopics(
  admin: Admin,
  roles: Readonly<Record<string, TopicRole>>,
  partitions: number,
): Promise<void> {
  await admin.createTopics({
    // kafkajs' own wait fails where the broker has not yet heard of the topic; ours goes on.
    waitForLeaders: false,
    topics: Object.entries(roles).map(([topic, role]) => ({
      topic,
      numPartitions: partitions,
      replicationFactor: 1,
      configEntries: [
        { name: 'cleanup.policy', value: 'delete' },
        { name: 'message.timestamp.type', value: 'LogAppendTime' },
        { name: 'retention.ms', value: String(topicContracts[role].retentionMs) },
        { name: 'max.message.bytes', value: String(topicContracts[role].maxMessageBytes) },
      ],
    })),
  });
  const topics = Object.keys(roles);
  await eventually(async () => {
    const metadata = await admin.fetchTopicMetadata({ topics });
    const led = metadata.topics.every(
      (topic) => topic.partitions.length === partitions && topic.partitions.every(({ leader }) => leader >= 0),
    );
    // A leader that has not opened its log yet refuses the first produce, and kafkajs then sends the other partitions' records twice.
    if (led) for (const topic of topics) await admin.fetchTopicOffsets(topic);
    return led;
  });
}

export interface ProduceOptions {
  /** Which of the prefix's topics; `events` where nothing is said. */
  readonly topic?: TopicRole;
  /** For bytes; an event's key is its tenant where nothing is said. */
  readonly key?: string | Buffer | null;
  readonly partition?: number;
  readonly headers?: IHeaders;
}

const isEvent = (item: AuditEvent | Buffer | string): item is AuditEvent =>
  !Buffer.isBuffer(item) && typeof item !== 'string';

/** Publishes events (as JSON) or raw bytes in the given order, acknowledged by all replicas when this resolves. */
export async function produce(
  prefix: string,
  items: readonly (AuditEvent | Buffer | string)[],
  options: ProduceOptions = {},
): Promise<void> {
  producer ??= connected();
  const topic = prefix + topicNames[options.topic ?? 'events'];
  const messages = items.map((item) => ({
    key: options.key ?? (options.key === null ? null : isEvent(item) ? item.tenantId : null),
    value: isEvent(item) ? JSON.stringify(item) : item,
    ...(options.partition === undefined ? {} : { partition: options.partition }),
    ...(options.headers === undefined ? {} : { headers: options.headers }),
  }));
  const sender = await producer;
  for (let from = 0; from < messages.length; from += 500)
    await sender.send({ topic, acks: -1, messages: messages.slice(from, from + 500) });
}

export interface ConsumedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IHeaders;
}

/** Everything a topic holds at this moment, by partition and offset. */
export async function consumeAll(topic: string): Promise<ConsumedRecord[]> {
  const kafka = client();
  const admin = kafka.admin();
  await admin.connect();
  const groupId = `tests.${randomUUID()}`;
  const consumer = kafka.consumer({ groupId, allowAutoTopicCreation: false, maxWaitTimeInMs: 100 });
  try {
    const ends = await admin.fetchTopicOffsets(topic);
    const open = new Map(
      ends.filter(({ low, high }) => low !== high).map(({ partition, high }) => [partition, Number(high)]),
    );
    const records: ConsumedRecord[] = [];
    if (open.size === 0) return records;
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (!payload.restart) reject(payload.error);
      });
      consumer
        .run({
          autoCommit: false,
          eachMessage: async ({ partition, message }) => {
            const offset = Number(message.offset);
            const end = open.get(partition);
            if (end === undefined || offset >= end) return Promise.resolve();
            const { key, value, headers = {} } = message;
            records.push({ topic, partition, offset, timestamp: Number(message.timestamp), key, value, headers });
            if (offset === end - 1) open.delete(partition);
            if (open.size === 0) resolve();
            return Promise.resolve();
          },
        })
        // A coordinator that is still loading makes the first run fail; the consumer then starts again by itself.
        .catch(() => undefined);
    });
    return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
  } finally {
    await consumer.disconnect();
    await admin.deleteGroups([groupId]).catch(() => undefined);
    await admin.disconnect();
  }
}
