// The Kafka and the PostgreSQL of a bench. Both can be ended and started again on what they kept, at the same address.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startKafka, startPostgres, type RunningKafka, type RunningPostgres } from '@auditlane/testing';

export interface Servers {
  readonly broker: string;
  readonly brokerPid: number;
  /** As superuser, database `postgres`. */
  readonly postgresUrl: string;
  restartKafka(signal: NodeJS.Signals, downMs: number): Promise<void>;
  /** SIGINT: it ends its sessions and its files well. SIGQUIT: at once, and the next start recovers. */
  restartPostgres(signal: 'SIGINT' | 'SIGQUIT', downMs: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startServers(directory: string): Promise<Servers> {
  const openKafka = (port?: number): Promise<RunningKafka> =>
    startKafka({ dataDirectory: join(directory, 'kafka'), heapMb: 1024, ...(port === undefined ? {} : { port }) });
  const openPostgres = (port?: number): Promise<RunningPostgres> =>
    startPostgres({
      dataDirectory: join(directory, 'postgres'),
      logFile: join(directory, 'postgres.log'),
      durable: true,
      ...(port === undefined ? {} : { port }),
    });
  let [kafka, postgres] = await Promise.all([openKafka(), openPostgres()]);
  const kafkaPort = Number(kafka.broker.split(':')[1]);
  return {
    broker: kafka.broker,
    get brokerPid() {
      return kafka.child.pid;
    },
    postgresUrl: postgres.url,
    async restartKafka(signal, downMs) {
      kafka.child.kill(signal);
      await kafka.child.exited;
      await pause(downMs);
      kafka = await openKafka(kafkaPort);
    },
    async restartPostgres(signal, downMs) {
      postgres.child.kill(signal);
      await postgres.child.exited;
      await pause(downMs);
      postgres = await openPostgres(postgres.port);
    },
    async stop() {
      await Promise.all([kafka.stop(), postgres.stop()]);
    },
  };
}
