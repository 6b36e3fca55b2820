// What every bench stands on: a Kafka and a PostgreSQL of its own in a temporary folder, and children that are measured.
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel, type Admin, type Producer } from 'kafkajs';
import { Client, Pool } from 'pg';
import { namesWith, type TopicRole } from '@auditlane/contracts';
import { createKeyRingFile } from '@auditlane/secrets';
import { migrate } from '@auditlane/storage';
import {
  createNamedTopics,
  databaseRoleOf,
  databaseUrl,
  freePort,
  plainEnvironment,
  startProgram,
  temporaryDirectory,
  untilReady,
  type Child,
  type ServiceName,
} from '@auditlane/testing';
import { startServers, type Servers } from './servers';

export const partitions = 12;

export type Environment = Readonly<Record<string, string>>;

export interface RunningService extends Child {
  /** Where /metrics, /livez and /readyz are. */
  readonly opsUrl: string;
}

export interface Stage {
  readonly servers: Servers;
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: Producer;
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

/** Where it is set, every measured process leaves a CPU profile in this folder. Profiling costs a few percent. */
const profiles = process.env['BENCH_PROFILE'];

export async function openStage(): Promise<Stage> {
  const directory = temporaryDirectory('bench');
  // PostgreSQL may run as another user than we do and must be able to enter.
  chmodSync(directory.path, 0o711);
  const file = (name: string): string => join(directory.path, name);
  const servers = await startServers(directory.path);
  const { broker } = servers;
  const superuserUrl = await createDatabase(servers.postgresUrl, 'auditlane');
  await migrate(superuserUrl, { partitions });
  const keyRingFile = file('key-ring.json');
  createKeyRingFile(keyRingFile);
  const pool = new Pool({ connectionString: superuserUrl, max: 4 });
  // An idle connection that ends with the server is no fault; a query that fails says so itself.
  pool.on('error', () => undefined);
  const kafka = new Kafka({ clientId: 'bench', brokers: [broker], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await Promise.all([admin.connect(), producer.connect()]);
  const children: Child[] = [];
  let started = 0;

  const run: Stage['run'] = (label, program, environment = {}, args = []) => {
    const child = startProgram({
      label,
      program,
      args,
      flags: profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}/${label}`],
      environment: { ...plainEnvironment(), AUDITLANE_KAFKA_BROKERS: broker, ...environment },
      logFile: file(`${label}-${++started}.log`),
    });
    children.push(child);
    return child;
  };

  return {
    servers,
    kafka,
    admin,
    producer,
    superuserUrl,
    pool,
    keyRingFile,
    file,
    run,
    createTopics: (topics) => createNamedTopics(admin, topics, partitions),
    async count(topic) {
      const offsets = await admin.fetchTopicOffsets(topic);
      return offsets.reduce((sum, { high }) => sum + Number(high), 0);
    },
    async service(name, environment) {
      const role = databaseRoleOf(name);
      const opsPort = await freePort();
      const child = run(name, `services/${name}/src/main.js`, {
        AUDITLANE_TOPICS_CREATE: 'true',
        AUDITLANE_LOG_LEVEL: 'warn',
        AUDITLANE_OPS_PORT: String(opsPort),
        AUDITLANE_KEY_RING_FILE: keyRingFile,
        ...(role === undefined ? {} : { AUDITLANE_DATABASE_URL: databaseUrl(superuserUrl, 'auditlane', role) }),
        ...environment,
      });
      const opsUrl = `http://127.0.0.1:${opsPort}`;
      await untilReady(child, async () => (await fetch(`${opsUrl}/readyz`)).ok, 60_000);
      return { ...child, opsUrl };
    },
    async close() {
      for (const child of children) if (child.isRunning()) await child.stop();
      await Promise.all([admin.disconnect(), producer.disconnect(), pool.end()]);
      await servers.stop();
      directory.remove();
    },
  };
}

async function createDatabase(serverUrl: string, name: string): Promise<string> {
  const superuser = new Client({ connectionString: serverUrl });
  await superuser.connect();
  await superuser.query(`create database ${name}`);
  await superuser.end();
  return databaseUrl(serverUrl, name);
}

export const topicOf = (prefix: string, role: TopicRole): string => namesWith(prefix).topic(role);
