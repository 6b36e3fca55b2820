// Starts the transport as a service would, with handlers given as functions, and ends it with the test.
import { Controller, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { namesWith, type Names, type OutgoingRecord, type Outcome } from '@auditlane/contracts';
import { eventually, freshPrefix, stack } from '@auditlane/testing';
import pino from 'pino';
import { Registry } from 'prom-client';
import {
  AssignedTo,
  assertTopics,
  type KafkaConnection,
  type Assignment,
  type Batch,
  BatchOf,
  BatchProducer,
  type Claim,
  KafkaBatchServer,
  type KafkaServerOptions,
  RevokedFrom,
} from '../src';

// A rebalance takes seconds on a busy machine.
jest.setTimeout(60_000);

export interface Handlers {
  handle(batch: Batch): Promise<readonly Outcome[]>;
  assigned?(assignment: Assignment): Promise<Claim>;
  revoked?(assignment: Assignment): Promise<void>;
}

export interface Crash {
  readonly error: unknown;
  readonly message: string;
}

export interface RunningTransport {
  readonly server: KafkaBatchServer;
  readonly registry: Registry;
  readonly crashes: readonly Crash[];
  readonly ready: () => boolean;
  close(): Promise<void>;
}

export const logger = pino({ level: process.env['TEST_LOG_LEVEL'] ?? 'silent' });
export const connection = () => ({ brokers: stack().brokers, clientId: 'auditlane.test' });

function moduleOf(handlers: Handlers): Type {
  @Controller()
  class AcceptedController {
    @BatchOf('accepted')
    handle(batch: Batch): Promise<readonly Outcome[]> {
      return handlers.handle(batch);
    }

    @AssignedTo('accepted')
    assigned(assignment: Assignment): Promise<Claim> {
      return handlers.assigned?.(assignment) ?? Promise.resolve({});
    }

    @RevokedFrom('accepted')
    revoked(assignment: Assignment): Promise<void> {
      return handlers.revoked?.(assignment) ?? Promise.resolve();
    }
  }

  @Module({ controllers: [AcceptedController] })
  class TransportModule {}
  return TransportModule;
}

export class Fixture {
  readonly names: Names = namesWith(freshPrefix());
  readonly topic = this.names.topic('accepted');
  private readonly running: RunningTransport[] = [];
  private producer: BatchProducer | undefined;

  constructor(
    readonly partitions = 3,
    private readonly brokers: readonly string[] = stack().brokers,
  ) {}

  private connection(): KafkaConnection {
    return { brokers: this.brokers, clientId: 'auditlane.test' };
  }

  createTopics(): Promise<void> {
    const { names, partitions } = this;
    return assertTopics({
      connection: this.connection(),
      names,
      partitions,
      topics: ['accepted', 'stored'],
      createTopics: true,
      logger,
    });
  }

  async start(handlers: Handlers, options: Partial<KafkaServerOptions> = {}): Promise<RunningTransport> {
    const registry = new Registry();
    const crashes: Crash[] = [];
    const checks: (() => boolean)[] = [];
    const server = new KafkaBatchServer({
      connection: this.connection(),
      names: this.names,
      subscriptions: [{ topic: 'accepted', group: 'persistence' }],
      producer: true,
      produces: ['stored'],
      partitions: this.partitions,
      createTopics: true,
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 200,
      maxWaitMs: 100,
      runtime: { logger, registry, health: { addReadiness: (_name, check) => void checks.push(check) } },
      onCrash: (error, message) => void crashes.push({ error, message }),
      ...options,
    });
    const app = await NestFactory.createMicroservice(moduleOf(handlers), { strategy: server, logger: false });
    await app.listen();
    const transport = {
      server,
      registry,
      crashes,
      ready: () => checks.every((check) => check()),
      close: () => app.close(),
    };
    this.running.push(transport);
    return transport;
  }

  /** One record a value, in order. */
  async produce(values: readonly string[], partition = 0): Promise<void> {
    await this.send(
      values.map((value) => ({ topic: this.topic, partition, key: null, value: Buffer.from(value), headers: {} })),
    );
  }

  async send(records: readonly OutgoingRecord[]): Promise<void> {
    if (!this.producer) {
      this.producer = new BatchProducer({ connection: this.connection(), partitions: this.partitions, logger });
      await this.producer.connect();
    }
    await this.producer.send(records);
  }

  async dispose(): Promise<void> {
    await Promise.all(this.running.map((transport) => transport.close()));
    await this.producer?.disconnect();
  }
}

export const textOf = ({ value }: { value: Buffer | null }): string => value?.toString() ?? '';

/** Waits until the expectations of `check` hold. */
export async function expectSoon(check: () => Promise<void> | void): Promise<void> {
  await eventually(async () => {
    await check();
    return true;
  });
}
