// What every bench stands on: a Kafka and a PostgreSQL of its own in a temporary folder, and children that are measured.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { Client } from 'pg';
import { namesWith, topicContracts, type TopicRole } from '@auditlane/contracts';
import { migrate } from '@auditlane/storage';
import {
  checkoutRoot,
  eventually,
  freePort,
  nodeBinary,
  startChild,
  startKafka,
  startPostgres,
  temporaryDirectory,
  untilReady,
  type Child,
} from '@auditlane/testing';

export const partitions = 12;

export interface Stage {
  readonly broker: string;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly superuserUrl: string;
  databaseUrl(role: string): string;
  /** Each topic name with the contract that it is made by; ready to be written when this resolves. */
  createTopics(topics: Readonly<Record<string, TopicRole>>): Promise<void>;
  /** Records in a topic, over all partitions. */
  count(topic: string): Promise<number>;
  /** Starts a program of ours from dist; with an ops port it is ready when /readyz says so. */
  start(label: string, program: string, environment: Readonly<Record<string, string>>): Promise<Child>;
  file(name: string): string;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const directory = temporaryDirectory('bench');
  // PostgreSQL may run as another user than we do and must be able to enter.
  chmodSync(directory.path, 0o711);
  const file = (name: string): string => join(directory.path, name);
  const [broker, postgres] = await Promise.all([
    startKafka({ dataDirectory: file('kafka'), heapMb: 1024 }),
    startPostgres({ dataDirectory: file('postgres'), logFile: file('postgres.log'), durable: true }),
  ]);
  const superuser = new Client({ connectionString: postgres.url });
  await superuser.connect();
  await superuser.query('create database auditlane');
  await superuser.end();
  const superuserUrl = onDatabase(postgres.url, 'auditlane');
  await migrate(superuserUrl, { partitions });
  const kafka = new Kafka({ clientId: 'bench', brokers: [broker.broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const children: Child[] = [];

  return {
    broker: broker.broker,
    kafka,
    admin,
    superuserUrl,
    databaseUrl: (role) => onDatabase(postgres.url, 'auditlane', role),
    file,
    async createTopics(topics) {
      await admin.createTopics({
        // kafkajs' own wait fails where the broker has not yet heard of the topic; ours goes on.
        waitForLeaders: false,
        topics: Object.entries(topics).map(([topic, role]) => ({
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
      await eventually(async () => {
        const metadata = await admin.fetchTopicMetadata({ topics: Object.keys(topics) });
        return metadata.topics.every((topic) => topic.partitions.every(({ leader }) => leader >= 0));
      });
    },
    async count(topic) {
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.reduce((sum, { high }) => sum + Number(high), 0);
    },
    async start(label, program, environment) {
      const opsPort = await freePort();
      const child = startChild({
        label,
        command: nodeBinary(),
        args: ['--disable-warning=TimeoutNegativeWarning', join(checkoutRoot, 'dist', program)],
        env: {
          ...process.env,
          AUDITLANE_KAFKA_BROKERS: broker.broker,
          AUDITLANE_TOPICS_CREATE: 'true',
          AUDITLANE_LOG_LEVEL: 'warn',
          AUDITLANE_OPS_PORT: String(opsPort),
          ...environment,
        },
        logFile: file(`${label}-${opsPort}.log`),
      });
      children.push(child);
      if (!program.startsWith('bench/')) {
        await untilReady(child, async () => (await fetch(`http://127.0.0.1:${opsPort}/readyz`)).ok, 60_000);
      }
      return child;
    },
    async close() {
      for (const child of children) if (child.isRunning()) await child.stop();
      await admin.disconnect();
      await Promise.all([broker.stop(), postgres.stop()]);
      directory.remove();
    },
  };
}

function onDatabase(url: string, database: string, role?: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  if (role) {
    changed.username = role;
    changed.password = '';
  }
  return changed.toString();
}

export const topicOf = (prefix: string, role: TopicRole): string => namesWith(prefix).topic(role);
