// Makes the kafkajs client of a process: our decoder under it, its log lines in ours, never a body in them.
import { Kafka, type KafkaConfig, logLevel, type logCreator } from 'kafkajs';
import type { Logger } from 'pino';
import { installWireProtocol } from './wire/install';

export interface KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaConfig['sasl'];
  readonly connectionTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

export function kafkaClient(connection: KafkaConnection, logger: Logger): Kafka {
  installWireProtocol();
  return new Kafka({
    clientId: connection.clientId,
    brokers: [...connection.brokers],
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
    ...(connection.sasl === undefined ? {} : { sasl: connection.sasl }),
    connectionTimeout: connection.connectionTimeoutMs ?? 5_000,
    requestTimeout: connection.requestTimeoutMs ?? 30_000,
    retry: { initialRetryTime: 100, maxRetryTime: 5_000, retries: 8 },
    logLevel: logLevel.INFO,
    logCreator: logsTo(logger),
  });
}

/** The only fields of a kafkajs log line that are passed on: the others can hold keys, values and whole responses. */
const fields = [
  'groupId',
  'memberId',
  'topic',
  'partition',
  'offset',
  'broker',
  'error',
  'retryCount',
  'retryTime',
  'nodeId',
] as const;

/** kafkajs reports as errors what it then retries; whatever ends a consumer or a send is logged by this lib once more, as an error. */
function logsTo(logger: Logger): logCreator {
  const child = logger.child({ component: 'kafkajs' });
  return () =>
    ({ namespace, level, log }) => {
      const details: Record<string, unknown> = { namespace };
      for (const field of fields) {
        const value: unknown = log[field];
        if (typeof value === 'string' || typeof value === 'number') details[field] = value;
      }
      if (level === logLevel.ERROR) child.warn(details, log.message);
      else if (level === logLevel.WARN) child.info(details, log.message);
      else child.debug(details, log.message);
    };
}
