// `npm start`: the whole of Auditlane on this machine, natively, with a demo to look at; Ctrl-C stops all of it and leaves nothing behind.
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { loadConfig } from '@auditlane/config';
import { defaultPartitions } from '@auditlane/contracts';
import { createKeyRingFile } from '@auditlane/secrets';
import { migrate } from '@auditlane/storage';
import { readKeys, serviceNames, startKafka, startPostgres, type Child } from '@auditlane/testing';
import { startDemoProducer } from './demo/demo-producer';
import { ensureDemoDestinations } from './demo/destinations';
import { receiverAddresses, receiverPorts, startReceivers } from './demo/receivers';
import { demoTenants } from './demo/tenants';
import { ensureDatabase } from './ensure-database';
import { assertPortsFree } from './ports';
import { keyRingFile, opsPort, startProgram, startServiceProcess } from './processes';
import { say, step } from './progress';
import { nativeSettings, type NativeConfig } from './settings';

type Stop = () => Promise<unknown>;

/** What was started, in order; it is stopped in the opposite one. */
const running: Stop[] = [];
const demoEventEveryMs = 2_000;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { demo: { type: 'boolean', default: true }, reset: { type: 'boolean', default: false } },
    allowNegative: true,
  });
  const loaded = loadConfig(nativeSettings);
  const config = { ...loaded, AUDITLANE_DATA_DIR: resolve(loaded.AUDITLANE_DATA_DIR) };
  await assertPortsFree(portsOf(config, values.demo));
  if (values.reset) forget(config);
  for (const folder of ['logs', 'receivers']) mkdirSync(join(config.AUDITLANE_DATA_DIR, folder), { recursive: true });
  const firstStart = !existsSync(join(config.AUDITLANE_DATA_DIR, 'demo-history'));

  say(`Auditlane starts; what it keeps is in ${config.AUDITLANE_DATA_DIR}`);
  const receivers = values.demo ? startReceivers(config, keep) : undefined;
  // Awaited further down; until then its failure is nobody's but must not end us without stopping what runs.
  receivers?.catch(() => undefined);
  const [databaseUrl] = await Promise.all([startDatabase(config), startBroker(config), startIdentity(config)]);
  if (!existsSync(keyRingFile(config))) createKeyRingFile(keyRingFile(config));

  const egressAllow = values.demo ? receiverAddresses(config) : [];
  for (const service of serviceNames) {
    await step(service, async () => keep(await startServiceProcess(config, service, databaseUrl, egressAllow)));
  }
  if (receivers) {
    const started = await receivers;
    await step('demo destinations of three tenants', () => ensureDemoDestinations(config, started));
    await step('demo producer', async () => {
      const producer = await startDemoProducer(
        `127.0.0.1:${config.AUDITLANE_KAFKA_PORT}`,
        firstStart,
        demoEventEveryMs,
      );
      running.push(() => producer.close());
      writeFileSync(join(config.AUDITLANE_DATA_DIR, 'demo-history'), '');
    });
  }
  welcome(config, values.demo);
}

function keep(child: Child): void {
  running.push(() => child.stop());
}

function portsOf(config: NativeConfig, demo: boolean): readonly number[] {
  return [
    config.AUDITLANE_HTTP_PORT,
    config.AUDITLANE_KAFKA_PORT,
    config.AUDITLANE_POSTGRES_PORT,
    config.AUDITLANE_OIDC_PORT,
    ...serviceNames.map((service) => opsPort(config, service)),
    ...(demo ? receiverPorts(config) : []),
  ];
}

/** Everything but what was fetched: that is the same after a reset. */
function forget(config: NativeConfig): void {
  for (const kept of [
    'postgres',
    'kafka',
    'elasticsearch',
    'oidc',
    'receivers',
    'logs',
    'key-ring.json',
    'demo-history',
  ]) {
    rmSync(join(config.AUDITLANE_DATA_DIR, kept), { recursive: true, force: true });
  }
}

async function startDatabase(config: NativeConfig): Promise<(role: string) => string> {
  const port = config.AUDITLANE_POSTGRES_PORT;
  const superuserUrl = await step('PostgreSQL', async () => {
    const postgres = await startPostgres({
      dataDirectory: join(config.AUDITLANE_DATA_DIR, 'postgres'),
      logFile: join(config.AUDITLANE_DATA_DIR, 'logs', 'postgres.log'),
      port,
      durable: true,
    });
    running.push(() => postgres.stop());
    return postgres.url;
  });
  return step('database schema', async () => {
    const url = await ensureDatabase(superuserUrl, 'auditlane');
    await migrate(url, { partitions: defaultPartitions });
    return (role: string) => `postgresql://${role}@127.0.0.1:${port}/auditlane`;
  });
}

async function startBroker(config: NativeConfig): Promise<void> {
  await step('Kafka', async () => {
    const kafka = await startKafka({
      dataDirectory: join(config.AUDITLANE_DATA_DIR, 'kafka'),
      logFile: join(config.AUDITLANE_DATA_DIR, 'logs', 'kafka.log'),
      port: config.AUDITLANE_KAFKA_PORT,
    });
    running.push(() => kafka.stop());
  });
}

async function startIdentity(config: NativeConfig): Promise<void> {
  await step('OIDC server', async () =>
    keep(
      await startProgram(
        config,
        'oidc',
        'deploy/native/oidc.main.js',
        {
          AUDITLANE_OIDC_PORT: String(config.AUDITLANE_OIDC_PORT),
          AUDITLANE_DATA_DIR: config.AUDITLANE_DATA_DIR,
          AUDITLANE_OIDC_TENANTS: demoTenants.join(','),
          AUDITLANE_PAGE_ORIGIN: `http://127.0.0.1:${config.AUDITLANE_HTTP_PORT}`,
        },
        `http://127.0.0.1:${config.AUDITLANE_OIDC_PORT}/.well-known/openid-configuration`,
      ),
    ),
  );
}

function welcome(config: NativeConfig, demo: boolean): void {
  const api = `http://127.0.0.1:${config.AUDITLANE_HTTP_PORT}`;
  say(`
Auditlane is up.

  API             ${api}/api/v1/events   (description: ${api}/api/openapi.json)
  a bearer token  npm run -s token -- --tenant acme --role viewer
  sign-in         viewer@acme, settings-admin@acme …   password ${readKeys(join(config.AUDITLANE_DATA_DIR, 'oidc'))?.password ?? ''}
  Kafka           127.0.0.1:${config.AUDITLANE_KAFKA_PORT}   topic audit.events
  metrics         http://127.0.0.1:${opsPort(config, 'ingestion')}/metrics … ${opsPort(config, 'forwarder-elasticsearch')}`);
  if (demo) {
    say(`  tenants         ${demoTenants.join(', ')}; each streams to all three demo receivers
  received so far http://127.0.0.1:${config.AUDITLANE_SINK_CONTROL_PORT}/__sink/counts (HEC)
                  http://127.0.0.1:${config.AUDITLANE_COLLECTOR_CONTROL_PORT}/__sink/counts (HTTPS collector)`);
  }
  say('\nCtrl-C stops all of it.');
}

// kafkajs sets timers in the past, which Node 24 remarks on; every other warning is shown.
process.removeAllListeners('warning');
process.on('warning', (warning) => {
  if (warning.name !== 'TimeoutNegativeWarning') say(`${warning.name}: ${warning.message}`);
});

let stopping = false;
async function stopAll(exitCode: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  say('\nstopping …');
  for (const stop of running.toReversed()) {
    await stop().catch((error: unknown) => say(`  ${error instanceof Error ? error.message : String(error)}`));
  }
  say('stopped.');
  process.exit(exitCode);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stopAll(0));
main().catch((error: unknown) => {
  say(`\n${error instanceof Error ? error.message : String(error)}`);
  return stopAll(1);
});
