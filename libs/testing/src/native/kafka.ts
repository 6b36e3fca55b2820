// A real Apache Kafka on 127.0.0.1: one KRaft node, or one more broker that joins it.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { runToEnd, untilReady, type Child, type Exit } from './child-process';
import { freePort } from './free-port';
import { requireJdk, startJava } from './java';
import { classPathOf, mavenJars } from './maven-jars';

export interface KafkaOptions {
  /** Kept data is started again; an empty or missing folder is formatted. */
  readonly dataDirectory: string;
  readonly logFile?: string;
  readonly port?: number;
  readonly heapMb?: number;
  readonly properties?: Readonly<Record<string, string>>;
  /** The node whose cluster this one joins as a broker. */
  readonly joins?: RunningKafka;
}

export interface RunningKafka {
  readonly broker: string;
  readonly nodeId: number;
  readonly clusterId: string;
  /** `id@host:port` of the controller, what a joining broker needs. */
  readonly voter: string;
  readonly child: Child;
  stop(): Promise<Exit>;
}

const quiet = {
  // A missing topic is an error of the deployment, and must look like one.
  'auto.create.topics.enable': 'false',
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '4',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  // Scaled tests use sessions of a second; the broker's own minimum is six.
  'group.min.session.timeout.ms': '500',
  'num.network.threads': '2',
  'num.io.threads': '4',
  // A test run makes hundreds of partitions, each with two preallocated index files (10 MB each by default).
  'log.index.size.max.bytes': '1048576',
  'log.cleaner.dedupe.buffer.size': '8388608',
} as const;

/** Kafka wants 16 random bytes in base64url, and none that a shell or a parser would take for an option. */
const randomClusterId = (): string => `A${randomBytes(16).toString('base64url').slice(1)}`;

function recordedClusterId(dataDirectory: string): string | undefined {
  const file = join(dataDirectory, 'log', 'meta.properties');
  return existsSync(file) ? /^cluster\.id=(.+)$/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
}

async function answers(broker: string): Promise<boolean> {
  const admin = new Kafka({
    clientId: 'auditlane.ready-check',
    brokers: [broker],
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    retry: { retries: 0 },
  }).admin();
  try {
    await admin.connect();
    const cluster = await admin.describeCluster();
    // Makes the offsets topic, and fails until its coordinator has loaded: what the first consumer would otherwise wait for.
    await admin.fetchOffsets({ groupId: 'auditlane.ready-check', topics: [] });
    return cluster.brokers.some(({ host, port }) => `${host}:${port}` === broker);
  } finally {
    await admin.disconnect();
  }
}

export async function startKafka(options: KafkaOptions): Promise<RunningKafka> {
  const jdk = requireJdk(17);
  const jars = await mavenJars('kafka', join(__dirname, 'kafka-jars', 'pom.xml'), jdk);
  const { dataDirectory, joins, logFile = join(dataDirectory, 'kafka.log') } = options;
  mkdirSync(dataDirectory, { recursive: true });

  const known = recordedClusterId(dataDirectory);
  const clusterId = joins?.clusterId ?? known ?? randomClusterId();
  const nodeId = joins ? joins.nodeId + 1 : 1;
  const port = options.port ?? (await freePort());
  const broker = `127.0.0.1:${port}`;
  const controller = `127.0.0.1:${await freePort()}`;
  const voter = joins?.voter ?? `${nodeId}@${controller}`;
  const properties = {
    ...quiet,
    'node.id': String(nodeId),
    'process.roles': joins ? 'broker' : 'broker,controller',
    'controller.quorum.voters': voter,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: joins ? `PLAINTEXT://${broker}` : `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${broker}`,
    'log.dirs': join(dataDirectory, 'log'),
    ...options.properties,
  };
  const configuration = join(dataDirectory, 'server.properties');
  writeFileSync(
    configuration,
    Object.entries(properties)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );

  const java = {
    jdk,
    classPath: classPathOf(jars),
    flags: ['-Dorg.slf4j.simpleLogger.defaultLogLevel=warn', '-Dorg.slf4j.simpleLogger.showDateTime=true'],
    logFile,
  };
  if (known === undefined)
    await runToEnd({
      label: 'Kafka format',
      command: join(jdk.home, 'bin', 'java'),
      args: [
        '-Xmx128m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        ...java.flags,
        '-cp',
        java.classPath.join(':'),
        'kafka.tools.StorageTool',
        'format',
        '-t',
        clusterId,
        '-c',
        configuration,
      ],
      logFile,
    });
  const child = startJava({
    ...java,
    label: `Kafka node ${nodeId}`,
    heapMb: options.heapMb ?? 512,
    main: 'kafka.Kafka',
    args: [configuration],
    aotCache: jars,
  });
  await untilReady(child, async () => answers(broker), 120_000);
  return { broker, nodeId, clusterId, voter, child, stop: async () => child.stop(30_000) };
}
