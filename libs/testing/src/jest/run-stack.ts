// The real parts of one test run, in the order of the house: what environment variables name, else native ones started here, else
// containers where a native part is missing and Docker answers.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../native/free-port';
import { MissingPart } from '../native/java';
import { createCertificateAuthority } from '../native/certificates';
import { startElasticsearch, type ElasticsearchAccess } from '../native/elasticsearch';
import { startKafka } from '../native/kafka';
import { answersQueries, startPostgres } from '../native/postgres';
import { temporaryDirectory } from '../native/temporary-directory';
import { elasticsearchAccessSchema } from '../shared-elasticsearch';

export interface Part<Address = string> {
  readonly address: Address;
  /** Where it keeps its data, if that is on this machine. */
  readonly directory?: string;
  dispose(): Promise<void>;
}

const given = <Address>(address: Address): Part<Address> => ({ address, dispose: async () => Promise.resolve() });

function dockerAnswers(): boolean {
  try {
    execFileSync('docker', ['version', '--format', '{{.Server.Version}}'], { stdio: 'ignore', timeout: 10_000 });
    return true;
  } catch {
    return false;
  }
}

/** A part that is missing on this machine may come from a container; any other failure is one to show. */
async function elseContainer<Address>(
  start: () => Promise<Part<Address>>,
  container: () => Promise<Part<Address>>,
): Promise<Part<Address>> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof MissingPart) || !dockerAnswers()) throw error;
    return container();
  }
}

async function nativeKafka(): Promise<Part> {
  const directory = temporaryDirectory('kafka');
  const kafka = await startKafka({ dataDirectory: directory.path });
  return {
    address: kafka.broker,
    directory: directory.path,
    dispose: async () => {
      await kafka.stop();
      directory.remove();
    },
  };
}

async function kafkaContainer(): Promise<Part> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const port = await freePort();
  const container = await new GenericContainer('apache/kafka:4.4.0')
    .withExposedPorts({ container: port, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_LISTENERS: `PLAINTEXT://0.0.0.0:${port},CONTROLLER://localhost:9093`,
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port}`,
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '500',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start();
  return {
    address: `127.0.0.1:${port}`,
    dispose: async () => {
      await container.stop();
    },
  };
}

async function nativePostgres(): Promise<Part> {
  const directory = temporaryDirectory('postgres');
  // The server runs under an account of its own and must be able to pass; its data directory stays closed.
  chmodSync(directory.path, 0o755);
  const postgres = await startPostgres({
    dataDirectory: join(directory.path, 'data'),
    logFile: join(directory.path, 'postgres.log'),
    durable: false,
  });
  return {
    address: postgres.url,
    directory: directory.path,
    dispose: async () => {
      await postgres.stop();
      directory.remove();
    },
  };
}

async function postgresContainer(): Promise<Part> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer('postgres:18-alpine')
    .withExposedPorts(5432)
    .withEnvironment({ POSTGRES_HOST_AUTH_METHOD: 'trust' })
    .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200', '-c', 'timezone=UTC'])
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  return {
    address: `postgres://postgres@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    dispose: async () => {
      await container.stop();
    },
  };
}

export async function provideKafka(): Promise<Part> {
  const brokers = process.env['AUDITLANE_TEST_KAFKA'];
  return brokers === undefined ? elseContainer(nativeKafka, kafkaContainer) : given(brokers);
}

export async function providePostgres(): Promise<Part> {
  const url = process.env['AUDITLANE_TEST_POSTGRES'];
  if (url === undefined) return elseContainer(nativePostgres, postgresContainer);
  await answersQueries(url);
  return given(url);
}

async function nativeElasticsearch(): Promise<Part<ElasticsearchAccess>> {
  const directory = temporaryDirectory('elasticsearch');
  const node = await startElasticsearch({ home: directory.path, settings: { 'http.max_content_length': '1mb' } });
  return {
    address: node.access,
    dispose: async () => {
      await node.stop();
      directory.remove();
    },
  };
}

async function elasticsearchContainer(): Promise<Part<ElasticsearchAccess>> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const password = randomBytes(18).toString('base64url');
  const authority = await createCertificateAuthority('Auditlane Elasticsearch CA');
  const { key, cert } = await authority.server();
  const config = '/usr/share/elasticsearch/config';
  const container = await new GenericContainer('docker.elastic.co/elasticsearch/elasticsearch:9.5.3')
    .withExposedPorts(9200)
    .withCopyContentToContainer([
      { content: key, target: `${config}/http.key`, mode: 0o644 },
      { content: cert, target: `${config}/http.crt`, mode: 0o644 },
    ])
    .withEnvironment({
      'discovery.type': 'single-node',
      'xpack.security.http.ssl.enabled': 'true',
      'xpack.security.http.ssl.key': 'http.key',
      'xpack.security.http.ssl.certificate': 'http.crt',
      'xpack.security.enrollment.enabled': 'false',
      'http.max_content_length': '1mb',
      ELASTIC_PASSWORD: password,
      ES_JAVA_OPTS: '-Xmx512m',
    })
    .withWaitStrategy(Wait.forLogMessage(/"message":"started/))
    .withStartupTimeout(240_000)
    .start();
  return {
    address: {
      url: `https://127.0.0.1:${container.getMappedPort(9200)}`,
      caPem: authority.pem,
      username: 'elastic',
      password,
    },
    dispose: async () => {
      await container.stop();
    },
  };
}

/** From outside as JSON with url, caPem, username and password. */
export async function provideElasticsearch(): Promise<Part<ElasticsearchAccess>> {
  const access = process.env['AUDITLANE_TEST_ELASTICSEARCH'];
  return access === undefined
    ? elseContainer(nativeElasticsearch, elasticsearchContainer)
    : given(elasticsearchAccessSchema.parse(JSON.parse(access)));
}
