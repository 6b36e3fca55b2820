// The line of one test: topics, groups and a database that nobody else uses, and the services it names as real processes.
import { setTimeout as delay } from 'node:timers/promises';
import { namesWith, type AuditEvent, type Names } from '@auditlane/contracts';
import {
  createTopics,
  databaseRoleOf,
  freshDatabase,
  freshPrefix,
  produce,
  spawnService,
  type ProduceOptions,
  type ServiceEnvironment,
  type ServiceName,
  type ServiceProcess,
  type TestDatabase,
} from '@auditlane/testing';

export interface Line {
  readonly prefix: string;
  readonly names: Names;
  readonly db: TestDatabase;
  /** What a service of this line is started with. */
  environmentOf(service: ServiceName, extra?: ServiceEnvironment): ServiceEnvironment;
  /** Starts a service and waits until it is ready. */
  start(service: ServiceName, extra?: ServiceEnvironment): Promise<ServiceProcess>;
  /** Starts a service that ends itself by SIGKILL at a named step (`name` or `name:N`), and waits for that. */
  crash(service: ServiceName, point: string, extra?: ServiceEnvironment): Promise<ServiceProcess>;
  /** Puts events, or bytes in place of events, into `audit.events`. */
  publish(items: readonly (AuditEvent | Buffer | string)[], options?: ProduceOptions): Promise<void>;
  /** Ends what still runs, without notice. The database goes with the test file. */
  close(): Promise<void>;
}

export interface LineOptions {
  /** For every service of the line. */
  readonly environment?: ServiceEnvironment;
}

/** A killed process keeps its partitions for a session time-out: a second or two, so that a test can afford several deaths. */
export const scaled: ServiceEnvironment = {
  AUDITLANE_SESSION_TIMEOUT_MS: '2000',
  AUDITLANE_HEARTBEAT_INTERVAL_MS: '200',
};

/** Far longer than any step takes here: reaching it means that a crash point was never passed. */
const deathTimeoutMs = 40_000;

export async function openLine({ environment = {} }: LineOptions = {}): Promise<Line> {
  const prefix = freshPrefix();
  const [db] = await Promise.all([freshDatabase(), createTopics(prefix)]);
  const started: ServiceProcess[] = [];

  const environmentOf = (service: ServiceName, extra: ServiceEnvironment = {}): ServiceEnvironment => {
    const role = databaseRoleOf(service);
    return {
      ...scaled,
      AUDITLANE_TOPIC_PREFIX: prefix,
      ...(role === undefined ? {} : { AUDITLANE_DATABASE_URL: db.url(role) }),
      ...environment,
      ...extra,
    };
  };
  const spawn = async (service: ServiceName, extra?: ServiceEnvironment): Promise<ServiceProcess> => {
    const spawned = await spawnService(service, environmentOf(service, extra));
    started.push(spawned);
    return spawned;
  };

  return {
    prefix,
    names: namesWith(prefix),
    db,
    environmentOf,
    async start(service, extra) {
      const spawned = await spawn(service, extra);
      await spawned.ready();
      return spawned;
    },
    async crash(service, point, extra) {
      const doomed = await spawn(service, { ...extra, CRASH_AT: point });
      const exit = await Promise.race([doomed.exited, delay(deathTimeoutMs, undefined, { ref: false })]);
      if (exit?.signal === 'SIGKILL') return doomed;
      const end = exit ? `ended with ${exit.code ?? exit.signal}` : 'still runs';
      throw new Error(`${service} was to die at ${point} and ${end}:\n${doomed.logs().slice(-4_000)}`);
    },
    publish: async (items, options) => produce(prefix, items, options),
    async close() {
      const running = started.filter((service) => service.isRunning());
      for (const service of running) service.kill('SIGKILL');
      await Promise.all(running.map((service) => service.exited));
    },
  };
}
