// What every bench stands on: a Kafka and a PostgreSQL of its own in a temporary folder, and children that are measured.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel, type Admin } from 'kafkajs';
import { Client, Pool } from 'pg';
import { namesWith, topicContracts, type TopicRole } from '@auditlane/contracts';
import { createKeyRingFile } from '@auditlane/secrets';
import { migrate } from '@auditlane/storage';
import {
  checkoutRoot,
  eventually,
  freePort,
  nodeBinary,
  nodeEnvironment,
  nodeFlags,
  startChild,
  startKafka,
  startPostgres,
  temporaryDirectory,
  untilReady,
  type Child,
  type ServiceName,
} from '@auditlane/testing';

export const partitions = 12;

export type Environment = Readonly<Record<string, string>>;

export interface RunningService extends Child {
  /** Where /metrics, /livez and /readyz are. */
  readonly opsUrl: string;
}

export interface Stage {
  readonly broker: string;
  readonly brokerPid: number;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly superuserUrl: string;
  /** As superuser. */
  readonly pool: Pool;
  readonly keyRingFile: string;
  /** Each topic name with the contract that it is made by; ready to be written when this resolves. */
  createTopics(topics: Readonly<Record<string, TopicRole>>): Promise<void>;
  /** Records in a topic, over all partitions. */
  count(topic: string): Promise<number>;
  /** Starts a program of dist. */
  run(label: string, program: string, environment?: Environment, args?: readonly string[]): Child;
  /** Starts one of our services, with what it needs of this stage; ready when /readyz says so. */
  service(name: ServiceName, environment: Environment): Promise<RunningService>;
  file(name: string): string;
  close(): Promise<void>;
}

const databaseRoles: Readonly<Record<ServiceName, string | undefined>> = {
  ingestion: undefined,
  persistence: 'auditlane_persistence',
  query: 'auditlane_query',
  'forwarder-splunk': 'auditlane_forwarder_splunk',
  'forwarder-http': 'auditlane_forwarder_http',
  'forwarder-elasticsearch': 'auditlane_forwarder_elasticsearch',
};

/** Where it is set, every measured process leaves a CPU profile in this folder. Profiling costs a few percent. */
const profiles = process.env['BENCH_PROFILE'];

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
  const keyRingFile = file('key-ring.json');
  createKeyRingFile(keyRingFile);
  const pool = new Pool({ connectionString: superuserUrl, max: 4 });
  // An idle connection that ends with the server is no fault; a query that fails says so itself.
  pool.on('error', () => undefined);
  const kafka = new Kafka({ clientId: 'bench', brokers: [broker.broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const children: Child[] = [];
  let started = 0;

  const run: Stage['run'] = (label, program, environment = {}, args = []) => {
    const profile = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}/${label}`];
    const inherited = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('AUDITLANE_') && name !== 'NODE_OPTIONS',
    );
    const child = startChild({
      label,
      command: nodeBinary(),
      args: [...nodeFlags, ...profile, join(checkoutRoot, 'dist', program), ...args],
      env: {
        ...Object.fromEntries(inherited),
        ...nodeEnvironment,
        AUDITLANE_KAFKA_BROKERS: broker.broker,
        ...environment,
      },
      logFile: file(`${label}-${++started}.log`),
    });
    children.push(child);
    return child;
  };

  return {
    broker: broker.broker,
    brokerPid: broker.child.pid,
    kafka,
    admin,
    superuserUrl,
    pool,
    keyRingFile,
    file,
    run,
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
    async service(name, environment) {
      const role = databaseRoles[name];
      const opsPort = await freePort();
      const child = run(name, `services/${name}/src/main.js`, {
        AUDITLANE_TOPICS_CREATE: 'true',
        AUDITLANE_LOG_LEVEL: 'warn',
        AUDITLANE_OPS_PORT: String(opsPort),
        AUDITLANE_KEY_RING_FILE: keyRingFile,
        ...(role === undefined ? {} : { AUDITLANE_DATABASE_URL: onDatabase(postgres.url, 'auditlane', role) }),
        ...environment,
      });
      const opsUrl = `http://127.0.0.1:${opsPort}`;
      await untilReady(child, async () => (await fetch(`${opsUrl}/readyz`)).ok, 60_000);
      return { ...child, opsUrl };
    },
    async close() {
      for (const child of children) if (child.isRunning()) await child.stop();
      await Promise.all([admin.disconnect(), pool.end()]);
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
