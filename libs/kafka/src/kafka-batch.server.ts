// The Nest transport: consumes each subscription with a group of its own and hands whole batches to controllers.
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { GroupRole, Names, Outcome, TopicRole } from '@auditlane/contracts';
import type { Admin } from 'kafkajs';
import { isObservable, lastValueFrom } from 'rxjs';
import { setTimeout as delay } from 'node:timers/promises';
import { BatchProducer } from './batch.producer';
import { kafkaClient, type KafkaConnection } from './client';
import { type HandlerKind, patternOf } from './decorators';
import { areOutcomes, type Settlement } from './domain/settle';
import { ConsumerMetrics } from './metrics';
import type { Claim } from './records';
import type { KafkaRuntime } from './runtime';
import type { SubscriptionHandlers, SubscriptionSettings } from './subscription';
import { SubscriptionConsumer } from './subscription.consumer';
import { assertTopics } from './topics.admin';
import { capDecompressedBytes, defaultDecompressedBytes } from './wire/codecs';

export interface Subscription {
  readonly topic: TopicRole;
  readonly group: GroupRole;
  /** Partitions handled at the same time. */
  readonly concurrency?: number;
  readonly maxBytesPerPartition?: number;
  /** Of all partitions together, in one fetch. */
  readonly maxBytes?: number;
  /** 'handler': the transport never commits; the handler does, by `assignment.commit`. */
  readonly commits?: 'transport' | 'handler';
}

export interface KafkaServerOptions {
  readonly connection: KafkaConnection;
  readonly names: Names;
  readonly subscriptions: readonly Subscription[];
  /** Whether outcomes may carry records to produce. */
  readonly producer: boolean;
  /** Topics this service writes to: their contract is checked at the start as well. */
  readonly produces?: readonly TopicRole[];
  readonly partitions: number;
  readonly createTopics: boolean;
  readonly sessionTimeoutMs?: number;
  readonly rebalanceTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  readonly maxWaitMs?: number;
  readonly maxHandlerMs?: number;
  readonly inlineWaitMs?: number;
  readonly watchdogMs?: number;
  readonly startWaitMs?: number;
  readonly closeMs?: number;
  readonly maxDecompressedBytes?: number;
  readonly runtime: KafkaRuntime;
  /** The process cannot go on: log and exit with 1. Called at most once, when the group was left or 5 s later. */
  readonly onCrash: (error: unknown, message: string) => void;
  /** After the outcomes' records were acknowledged, before the offset is committed. */
  readonly onProduced?: (settlement: Settlement) => void | Promise<void>;
}

const crashGraceMs = 5_000;
const closeMs = 9_000;

export class KafkaBatchServer extends Server implements CustomTransportStrategy {
  /** The producer of the outcomes' records, where there is one; handlers may send by it too. */
  readonly producer: BatchProducer | undefined;
  private readonly consumers: SubscriptionConsumer[] = [];
  private admin: Admin | undefined;
  private crashed = false;
  private closing: Promise<void> | undefined;

  constructor(private readonly options: KafkaServerOptions) {
    super();
    const { connection, partitions, runtime } = options;
    this.producer = options.producer
      ? new BatchProducer({ connection, partitions, logger: runtime.logger })
      : undefined;
  }

  listen(done: (error?: unknown) => void): void {
    void this.startThenTell(done);
  }

  private async startThenTell(done: (error?: unknown) => void): Promise<void> {
    try {
      await this.start();
    } catch (error) {
      done(error);
      return;
    }
    done();
  }

  private async start(): Promise<void> {
    const { options } = this;
    const { connection, names, runtime, subscriptions } = options;
    const { logger, registry } = runtime;
    capDecompressedBytes(options.maxDecompressedBytes ?? defaultDecompressedBytes);
    await assertTopics({
      connection,
      names,
      topics: [...new Set([...subscriptions.map(({ topic }) => topic), ...(options.produces ?? [])])],
      partitions: options.partitions,
      createTopics: options.createTopics,
      logger,
      ...(options.startWaitMs === undefined ? {} : { waitMs: options.startWaitMs }),
    });
    const kafka = kafkaClient(connection, logger);
    const admin = kafka.admin();
    this.admin = admin;
    await admin.connect();
    await this.producer?.connect();

    const settings = subscriptions.map((subscription) => this.settingsOf(subscription));
    const metrics = new ConsumerMetrics(
      registry,
      settings,
      () => this.consumers.flatMap((consumer) => consumer.positions()),
      () => this.consumers.map((consumer) => consumer.assignedPartitions()),
    );
    for (const [index, subscription] of subscriptions.entries()) {
      const own = settings[index];
      if (!own) continue;
      const consumer = new SubscriptionConsumer(own, {
        kafka,
        admin,
        producer: this.producer,
        metrics,
        logger,
        handlers: this.handlersOf(subscription.topic),
        onProduced: options.onProduced,
        onFatal: (error, message) => this.crash(error, message),
      });
      this.consumers.push(consumer);
      runtime.health.addReadiness(`kafka group ${own.group}`, () => consumer.isAlive());
    }
    await Promise.all(this.consumers.map((consumer) => consumer.start()));
  }

  /** Hands no further batch in and waits for the running ones; what is held can still be committed before `close`. */
  async quiesce(): Promise<void> {
    await Promise.all(this.consumers.map((consumer) => consumer.quiesce()));
  }

  /** Finishes or abandons the batches, commits, leaves the groups; gives up after `closeMs`. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    const timer = new AbortController();
    const bounded = delay(this.options.closeMs ?? closeMs, 'late' as const, { signal: timer.signal }).catch(
      () => 'done' as const,
    );
    const work = Promise.allSettled(this.consumers.map((consumer) => consumer.stop()))
      .then(() => Promise.allSettled([this.producer?.disconnect(), this.admin?.disconnect()]))
      .then(() => 'done' as const);
    if ((await Promise.race([work, bounded])) === 'late')
      this.options.runtime.logger.warn('closing took too long: what was not committed comes again');
    timer.abort();
  }

  on(event: string): never {
    throw new Error(`there is no event ${event}`);
  }

  unwrap(): never {
    throw new Error('kafkajs stays inside libs/kafka');
  }

  private crash(reason: unknown, message: string): void {
    if (this.crashed) return;
    this.crashed = true;
    this.options.runtime.logger.fatal({ err: reason }, message);
    void this.leaveThenCrash(reason, message);
  }

  /** Who leaves the group hands its partitions over at once; who vanishes keeps them for a session time-out. */
  private async leaveThenCrash(reason: unknown, message: string): Promise<void> {
    const left = Promise.allSettled(this.consumers.map((consumer) => consumer.stop()));
    await Promise.race([left, delay(crashGraceMs)]);
    this.options.onCrash(reason, message);
  }

  private settingsOf(subscription: Subscription): SubscriptionSettings {
    const { options } = this;
    const sessionTimeoutMs = options.sessionTimeoutMs ?? 30_000;
    const heartbeatIntervalMs = options.heartbeatIntervalMs ?? 3_000;
    return {
      topic: options.names.topic(subscription.topic),
      group: options.names.group(subscription.group),
      concurrency: subscription.concurrency ?? options.partitions,
      maxBytesPerPartition: subscription.maxBytesPerPartition ?? 1_048_576,
      maxBytes: subscription.maxBytes ?? 8 * 1_048_576,
      maxWaitMs: options.maxWaitMs ?? 500,
      handlerCommits: subscription.commits === 'handler',
      sessionTimeoutMs,
      rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
      heartbeatIntervalMs,
      maxHandlerMs: options.maxHandlerMs ?? 120_000,
      inlineWaitMs: options.inlineWaitMs ?? 1_000,
      watchdogMs: options.watchdogMs ?? 60_000,
      drainMs: (options.closeMs ?? closeMs) / 2,
    };
  }

  private handlersOf(topic: TopicRole): SubscriptionHandlers {
    const handler = (kind: HandlerKind): ((data: unknown) => Promise<unknown>) | undefined => {
      const found = this.getHandlerByPattern(patternOf(kind, topic));
      return found ? async (data) => valueOf(await found(data)) : undefined;
    };
    const batch = handler('batch');
    const assigned = handler('assigned');
    const revoked = handler('revoked');
    if (!batch) throw new Error(`no controller has a method with @BatchOf('${topic}')`);
    return {
      batch: async (data) => outcomesOf(await batch(data)),
      assigned: assigned && (async (assignment) => claimOf(await assigned(assignment))),
      revoked: revoked && (async (assignment) => void (await revoked(assignment))),
    };
  }
}

/** Nest answers with a stream where an interceptor or a guard had its hand in it. */
const valueOf = async (result: unknown): Promise<unknown> => (isObservable(result) ? lastValueFrom(result) : result);

function outcomesOf(value: unknown): readonly Outcome[] {
  if (!areOutcomes(value)) throw new TypeError('a batch handler has to return outcomes');
  return value;
}

function claimOf(value: unknown): Claim {
  if (typeof value !== 'object' || value === null || !('startAt' in value) || value.startAt === undefined) return {};
  if (typeof value.startAt !== 'number' || !Number.isSafeInteger(value.startAt) || value.startAt < 0)
    throw new TypeError('a claim has to start at an offset');
  return { startAt: value.startAt };
}
