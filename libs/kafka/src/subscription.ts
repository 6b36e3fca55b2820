// What one subscription is made of: its handlers, its settings, and what it works with.
import type { Outcome } from '@auditlane/contracts';
import { type Admin, type Kafka, KafkaJSNonRetriableError } from 'kafkajs';
import type { Logger } from 'pino';
import type { BatchProducer } from './batch.producer';
import type { Settlement } from './domain/settle';
import { errorText } from './errors';
import type { ConsumerMetrics } from './metrics';
import type { Assignment, Batch, Claim } from './records';

export interface SubscriptionHandlers {
  batch(batch: Batch): Promise<readonly Outcome[]>;
  assigned: ((assignment: Assignment) => Promise<Claim>) | undefined;
  revoked: ((assignment: Assignment) => Promise<void>) | undefined;
}

export interface SubscriptionSettings {
  readonly topic: string;
  readonly group: string;
  readonly concurrency: number;
  readonly maxBytesPerPartition: number;
  readonly maxBytes: number;
  readonly maxWaitMs: number;
  readonly handlerCommits: boolean;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxHandlerMs: number;
  /** How long a batch may wait in place; a longer wait pauses its partition, so that the others of its broker go on. */
  readonly inlineWaitMs: number;
  readonly watchdogMs: number;
  /** How long a stop waits for running handlers before it aborts their assignments. */
  readonly drainMs: number;
}

export interface SubscriptionDependencies {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: BatchProducer | undefined;
  readonly metrics: ConsumerMetrics;
  readonly logger: Logger;
  readonly handlers: SubscriptionHandlers;
  readonly onProduced: ((settlement: Settlement) => void | Promise<void>) | undefined;
  /** The process has to end. */
  readonly onFatal: (error: unknown, message: string) => void;
}

/** Ends the process, and gives kafkajs an error that it does not retry: the consumer leaves its group, so that another takes over at once. */
export function fatal({ onFatal }: SubscriptionDependencies, error: unknown, message: string): Error {
  onFatal(error, message);
  return new KafkaJSNonRetriableError(errorText(error));
}
