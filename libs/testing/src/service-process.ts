// A service as operators run it: its own Node process from dist, steered by environment variables and signals, seen by its ops port.
import { join } from 'node:path';
import { untilReady, type Exit } from './native/child-process';
import { freePort } from './native/free-port';
import { plainEnvironment, startProgram } from './native/node-runtime';
import { temporaryDirectory } from './native/temporary-directory';
import { parseMetrics, type Metrics } from './prometheus';
import { expectNoSecret } from './secrets-scan';
import type { ServiceName } from './service-names';
import { stack } from './stack';
import { atTestEnd } from './test-end';
import { testPartitions } from './test-partitions';

export type ServiceEnvironment = Readonly<Record<string, string | undefined>>;

export interface ServiceProcess {
  readonly name: ServiceName;
  readonly pid: number;
  /** Where /metrics, /livez and /readyz are. */
  readonly opsUrl: string;
  /** Where the API is (query). */
  readonly httpUrl: string;
  readonly exited: Promise<Exit>;
  readonly isRunning: () => boolean;
  /** Everything it has logged so far. */
  readonly logs: () => string;
  readonly metrics: () => Promise<Metrics>;
  /** Resolves when /readyz is green; rejects, with the last lines of the log, when the process ends or time is up. */
  readonly ready: (timeoutMs?: number) => Promise<void>;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** SIGTERM and its end. */
  readonly stop: () => Promise<Exit>;
}

/** Starts a service without waiting for it: for those that are to refuse, or to crash while they start. */
export async function spawnService(name: ServiceName, env: ServiceEnvironment = {}): Promise<ServiceProcess> {
  const { brokers } = stack();
  const opsPort = env['AUDITLANE_OPS_PORT'] ?? String(await freePort());
  const httpPort = env['AUDITLANE_HTTP_PORT'] ?? String(await freePort());
  const directory = temporaryDirectory(name);
  const child = startProgram({
    label: name,
    program: `services/${name}/src/main.js`,
    environment: {
      ...plainEnvironment(),
      NODE_ENV: 'test',
      AUDITLANE_KAFKA_BROKERS: brokers.join(','),
      AUDITLANE_PARTITIONS: String(testPartitions),
      AUDITLANE_TOPICS_CREATE: 'true',
      AUDITLANE_SESSION_TIMEOUT_MS: '6000',
      AUDITLANE_LOG_LEVEL: 'info',
      AUDITLANE_OPS_HOST: '127.0.0.1',
      AUDITLANE_OPS_PORT: opsPort,
      ...(name === 'query' ? { AUDITLANE_HTTP_HOST: '127.0.0.1', AUDITLANE_HTTP_PORT: httpPort } : {}),
      ...env,
    },
    logFile: join(directory.path, `${name}.log`),
  });
  atTestEnd(async () => {
    if (child.isRunning()) {
      child.kill('SIGKILL');
      await child.exited;
    }
    const logged = child.log();
    directory.remove();
    expectNoSecret(`the log of ${name}`, logged);
  });
  const opsUrl = `http://127.0.0.1:${opsPort}`;
  const get = async (path: string): Promise<Response> =>
    fetch(`${opsUrl}${path}`, { signal: AbortSignal.timeout(2_000), headers: { connection: 'close' } });
  return {
    name,
    pid: child.pid,
    opsUrl,
    httpUrl: `http://127.0.0.1:${httpPort}`,
    exited: child.exited,
    isRunning: child.isRunning,
    logs: child.log,
    metrics: async () => {
      const text = await (await get('/metrics')).text();
      expectNoSecret(`the metrics of ${name}`, text);
      return parseMetrics(text);
    },
    ready: async (timeoutMs = 60_000) => untilReady(child, async () => (await get('/readyz')).ok, timeoutMs),
    kill: child.kill,
    stop: async () => child.stop(20_000),
  };
}

/** Starts a service and waits until it is ready. */
export async function startService(name: ServiceName, env: ServiceEnvironment = {}): Promise<ServiceProcess> {
  const service = await spawnService(name, env);
  await service.ready();
  return service;
}
