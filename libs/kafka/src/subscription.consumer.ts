// One topic consumed by one group: joins, claims, hands batches in, settles them. Decisions are in domain/; here is their order in time.
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '@auditlane/contracts';
import { type Admin, type Consumer, type EachBatchPayload, type Kafka, KafkaJSNonRetriableError } from 'kafkajs';
import type { Logger } from 'pino';
import type { BatchProducer } from './batch.producer';
import { settle, type Settlement } from './domain/settle';
import { errorText, membershipOf } from './errors';
import { type LossReason, Membership } from './membership';
import type { ConsumerMetrics, Position } from './metrics';
import { PartitionAssignment, type PartitionLink } from './partition.assignment';
import type { Assignment, Batch, Claim, KafkaRecord } from './records';
import { whilePending } from './while-pending';
import { onOutOfRange } from './wire/out-of-range';
import { DecodedRecord } from './wire/record-batch';

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
}

export interface SubscriptionDependencies {
  readonly kafka: Kafka;
  readonly admin: Admin;
  readonly producer: BatchProducer | undefined;
  readonly metrics: () => ConsumerMetrics;
  readonly logger: Logger;
  readonly handlers: SubscriptionHandlers;
  readonly onProduced: ((settlement: Settlement) => void | Promise<void>) | undefined;
  /** Called once: the process has to end. */
  readonly onFatal: (error: unknown, message: string) => void;
}

export class SubscriptionConsumer {
  readonly membership: Membership;
  private readonly consumer: Consumer;
  private readonly assignments = new Map<number, PartitionAssignment>();
  private readonly revocations = new Map<number, Promise<void>>();
  private readonly running = new Set<Promise<void>>();
  private committedAtJoin = new Map<number, { offset: number; metadata: string }>();
  private committedLoaded: Promise<void> = Promise.resolve();
  private commitOffsets: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  private lastSignAt = performance.now();
  private quiescing = false;
  private closed = false;
  private watchdog: NodeJS.Timeout | undefined;
  private readonly endListening: () => void;

  constructor(
    private readonly settings: SubscriptionSettings,
    private readonly deps: SubscriptionDependencies,
  ) {
    this.membership = new Membership(settings.sessionTimeoutMs);
    this.consumer = deps.kafka.consumer({
      groupId: settings.group,
      sessionTimeout: settings.sessionTimeoutMs,
      rebalanceTimeout: settings.rebalanceTimeoutMs,
      heartbeatInterval: settings.heartbeatIntervalMs,
      maxBytesPerPartition: settings.maxBytesPerPartition,
      maxBytes: settings.maxBytes,
      maxWaitTimeInMs: settings.maxWaitMs,
      minBytes: 1,
      allowAutoTopicCreation: false,
      retry: { retries: 8 },
    });
    this.listen();
    this.endListening = onOutOfRange(({ topic, partition, fetchOffset }) => {
      const assignment = topic === settings.topic ? this.assignments.get(partition) : undefined;
      if (assignment) assignment.outOfRangeAt ??= fetchOffset;
    });
  }

  async start(): Promise<void> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [this.settings.topic], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: this.settings.concurrency,
      eachBatch: (payload) => this.track(this.onBatch(payload)),
    });
    this.watchdog = setInterval(() => void this.watch(), Math.max(250, this.settings.watchdogMs / 4));
  }

  /** Hands no further batch in, and waits for those that are being handled. Stays in the group: what was held can still be committed. */
  async quiesce(): Promise<void> {
    if (!this.quiescing) {
      this.quiescing = true;
      this.pause([...this.assignments.keys()]);
    }
    await Promise.allSettled(this.running);
  }

  /** Ends the assignments with their handlers told, commits what is done, leaves the group. */
  async stop(): Promise<void> {
    if (this.closed) return;
    await this.quiesce();
    this.closed = true;
    clearInterval(this.watchdog);
    this.endListening();
    this.releaseAll('closing');
    await Promise.allSettled(this.revocations.values());
    await Promise.allSettled([...this.assignments.values()].map((assignment) => assignment.flushed()));
    await this.consumer.stop();
    this.endAll();
    await this.consumer.disconnect();
  }

  positions(): readonly Position[] {
    return [...this.assignments.values()].map((assignment) => ({
      topic: assignment.topic,
      partition: assignment.partition,
      lagRecords: Math.max(0, assignment.highWatermark - (assignment.expected ?? assignment.highWatermark)),
      waitingSince: assignment.waitingSince,
    }));
  }

  assignedPartitions(): { topic: string; partitions: number } {
    return { topic: this.settings.topic, partitions: this.membership.joined ? this.assignments.size : 0 };
  }

  // ── membership ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  private listen(): void {
    const { events } = this.consumer;
    const on = this.consumer.on.bind(this.consumer);
    on(events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Heartbeat' || payload.apiName === 'SyncGroup')
        this.membership.answered(payload.duration);
      // From here on a commit would be made in the name of the new generation.
      if (payload.apiName === 'JoinGroup') this.endAll();
    });
    on(events.HEARTBEAT, () => {
      this.lastSignAt = performance.now();
      this.membership.confirmed();
    });
    on(events.FETCH, () => (this.lastSignAt = performance.now()));
    on(events.REBALANCING, () => this.releaseAll('rebalancing'));
    on(events.GROUP_JOIN, ({ payload }) => this.onJoin(payload.memberAssignment[this.settings.topic] ?? []));
    on(events.STOP, () => this.endAll());
    on(events.CRASH, ({ payload }) => {
      this.endAll();
      if (!payload.restart) this.deps.onFatal(payload.error, 'the consumer has stopped for good');
      else this.deps.logger.warn({ error: payload.error.message }, 'the consumer starts again');
    });
  }

  private onJoin(partitions: readonly number[]): void {
    this.lastSignAt = performance.now();
    const before = [...this.assignments.keys()];
    this.endAll();
    const generation = this.membership.begin();
    this.assignments.clear();
    this.committedAtJoin = new Map();
    this.committedLoaded = partitions.length === 0 ? Promise.resolve() : this.loadCommitted(generation);
    const { topic, group, handlerCommits } = this.settings;
    for (const partition of partitions) {
      const assignment = new PartitionAssignment(topic, partition, generation, this.membership, this.link, {
        handlerCommits,
      });
      this.assignments.set(partition, assignment);
      assignment.ready = this.claim(assignment);
    }
    // Pauses outlive a rebalance in kafkajs.
    this.consumer.resume([{ topic, partitions: [...partitions] }]);
    if (this.quiescing) this.pause(partitions);
    this.deps.metrics().joined(group);
    const gained = partitions.filter((partition) => !before.includes(partition));
    const lost = before.filter((partition) => !partitions.includes(partition));
    this.deps.logger.info({ topic, group, generation, partitions, gained, lost }, 'joined the consumer group');
  }

  /** Eager rebalancing takes all partitions away at once. */
  private releaseAll(reason: LossReason): void {
    for (const assignment of this.assignments.values()) this.release(assignment, reason);
  }

  private endAll(): void {
    this.releaseAll('lost');
    this.membership.end();
  }

  private release(assignment: PartitionAssignment, reason: LossReason): void {
    const first = !assignment.isOver();
    assignment.release(reason);
    const { revoked } = this.deps.handlers;
    if (!first || !revoked) return;
    const told = assignment.ready
      .then(() => (assignment.claimStarted ? revoked(assignment) : undefined))
      .catch((error: unknown) => void this.fatal(error, 'the revoked handler threw'));
    this.revocations.set(assignment.partition, told);
  }

  // ── claims ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Never rejects: what goes wrong ends the process. */
  private async claim(assignment: PartitionAssignment): Promise<void> {
    const { topic, partition } = assignment;
    try {
      // The handler keeps state per partition: the end of the last generation comes before the beginning of this one.
      await this.revocations.get(partition);
      if (assignment.isOver()) return;
      assignment.claimStarted = true;
      const claim = (await this.deps.handlers.assigned?.(assignment)) ?? {};
      const committed = await assignment.committed();
      if (assignment.isOver()) return;
      assignment.expected = claim.startAt ?? committed?.offset;
      if (claim.startAt !== undefined && claim.startAt !== committed?.offset)
        this.consumer.seek({ topic, partition, offset: String(claim.startAt) });
      assignment.setReady(true);
    } catch (error) {
      if (!assignment.isOver()) this.fatal(error, 'the claim of a partition failed');
    }
  }

  /** A write was refused: find out by an answered heartbeat whether the partition is still ours, then claim it again. */
  private async claimAgain(assignment: PartitionAssignment, payload: EachBatchPayload): Promise<void> {
    const { topic, partition, expected } = assignment;
    this.deps.logger.warn({ topic, partition }, 'the batch was discarded, claiming the partition again');
    const since = performance.now();
    assignment.setReady(false);
    while (!assignment.isOver() && this.membership.lastConfirmedAt() < since) {
      await this.beat(assignment, payload);
      if (this.membership.lastConfirmedAt() < since) await delay(50);
    }
    assignment.ready = this.claim(assignment);
    await assignment.ready;
    if (!assignment.isOver() && assignment.expected === undefined && expected !== undefined)
      assignment.expected = expected;
    if (assignment.isReady() && assignment.expected !== undefined)
      this.consumer.seek({ topic, partition, offset: String(assignment.expected) });
  }

  private async loadCommitted(generation: number): Promise<void> {
    const { topic, group } = this.settings;
    for (let wait = 100; this.membership.generation === generation && !this.closed; wait = Math.min(wait * 2, 5_000)) {
      try {
        const [answer] = await this.deps.admin.fetchOffsets({ groupId: group, topics: [topic] });
        for (const { partition, offset, metadata } of answer?.partitions ?? [])
          if (Number(offset) >= 0)
            this.committedAtJoin.set(partition, { offset: Number(offset), metadata: metadata ?? '' });
        return;
      } catch (error) {
        this.deps.logger.warn(
          { topic, group, error: errorText(error) },
          'reading the committed offsets failed, trying again',
        );
        await delay(wait);
      }
    }
  }

  private readonly link: PartitionLink = {
    commit: async (topic, partition, offset, metadata) => {
      const offsets = { topics: [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }] };
      // kafkajs' public commitOffsets tries again across a rebalance, then in the name of a generation that does not own the partition.
      if (this.commitOffsets) await this.commitOffsets(offsets);
      else await this.consumer.commitOffsets([{ topic, partition, offset: String(offset), metadata }]);
    },
    committed: async (_topic, partition, generation) => {
      await this.committedLoaded;
      return this.membership.generation === generation ? this.committedAtJoin.get(partition) : undefined;
    },
    logRange: async (topic, partition) => {
      const range = (await this.deps.admin.fetchTopicOffsets(topic)).find((entry) => entry.partition === partition);
      return { start: Number(range?.low ?? 0), end: Number(range?.high ?? 0) };
    },
    commitFailed: ({ topic, partition }, error) => {
      this.deps.logger.warn({ topic, partition, error: errorText(error) }, 'an offset commit failed');
    },
  };

  // ── batches ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  private async onBatch(payload: EachBatchPayload): Promise<void> {
    this.commitOffsets = (offsets) => payload.commitOffsetsIfNecessary(offsets);
    const { batch } = payload;
    const assignment = this.assignments.get(batch.partition);
    if (!assignment || this.quiescing || assignment.isOver()) return;
    if (!assignment.isReady() && !(await this.readyInTime(assignment, payload))) {
      this.pauseUntil(assignment, assignment.ready);
      return;
    }
    // A seek discards what was fetched before it.
    if (payload.isStale() || assignment.isOver()) return;
    const records: readonly unknown[] = batch.messages;
    if (!areDecoded(records))
      throw this.fatal(
        new TypeError('the records were not decoded by libs/kafka'),
        'the wire protocol is not installed',
      );
    this.noteFetched(assignment, payload, records);

    const interrupted: { by?: unknown } = {};
    await this.handle(assignment, payload, records, interrupted);
    // kafkajs re-joins on this error; without it, only after the next fetch.
    if (interrupted.by !== undefined) throw interrupted.by;
  }

  private async handle(
    assignment: PartitionAssignment,
    payload: EachBatchPayload,
    all: readonly KafkaRecord[],
    interrupted: { by?: unknown },
  ): Promise<void> {
    const { everyMs, atMostMs } = { everyMs: this.settings.heartbeatIntervalMs, atMostMs: this.settings.maxHandlerMs };
    const beat = (): void => void this.beat(assignment, payload, interrupted);
    const highWatermark = Number(payload.batch.highWatermark);
    const deadline = performance.now() + this.settings.inlineWaitMs;
    let records = all;
    while (records.length > 0 && !assignment.isOver() && !this.quiescing) {
      const startedAt = performance.now();
      const view: Batch = {
        assignment,
        records,
        highWatermark,
        heartbeat: () => this.beat(assignment, payload, interrupted),
      };
      const outcomes = await whilePending(this.callHandler(view), beat, { everyMs, atMostMs });
      if (outcomes.length === 0) return this.claimAgain(assignment, payload);

      const settlement = settle(records, outcomes);
      if (settlement.produce.length > 0) {
        const { producer } = this.deps;
        if (!producer)
          throw this.fatal(new Error('a handler emits records, but the transport has no producer'), 'misconfigured');
        const sent = await whilePending(
          this.orFatal(producer.send(settlement.produce, assignment), 'producing failed'),
          beat,
          {
            everyMs,
            atMostMs: Number.POSITIVE_INFINITY,
          },
        );
        if (sent === 'abandoned') return;
      }
      await this.deps.onProduced?.(settlement);
      if (!assignment.isMember()) return;
      this.advance(assignment, payload, settlement, records);
      this.deps.metrics().settled(assignment.topic, settlement.counts, (performance.now() - startedAt) / 1000);
      records = settlement.done === records.length ? [] : records.slice(settlement.done);
      if (!settlement.retry) continue;

      const { afterMs } = settlement.retry;
      if (performance.now() + afterMs > deadline)
        return this.pauseUntil(assignment, delay(afterMs, undefined, { signal: assignment.signal }));
      await whilePending(delay(afterMs), beat, { everyMs, atMostMs });
    }
  }

  private async callHandler(batch: Batch): Promise<readonly Outcome[]> {
    return this.orFatal(this.deps.handlers.batch(batch), 'a batch handler threw: ending without committing');
  }

  private async orFatal<T>(work: Promise<T>, message: string): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw this.fatal(error, message);
    }
  }

  private advance(
    assignment: PartitionAssignment,
    payload: EachBatchPayload,
    settlement: Settlement,
    records: readonly KafkaRecord[],
  ): void {
    const { done, held } = settlement;
    const complete = done === records.length;
    // Behind the last record there may be control records, which are done with it.
    const end = Number(payload.batch.lastOffset()) + 1;
    const nextOffset = complete ? Math.max(end, settlement.nextOffset) : settlement.nextOffset;
    assignment.expected = nextOffset;
    assignment.waitingSince =
      complete && nextOffset >= assignment.highWatermark ? undefined : (records[done] ?? records.at(-1))?.timestamp;
    if (done > 0 && !payload.isStale()) payload.resolveOffset(String(nextOffset - 1));
    const committable = held ? settlement.commitOffset : nextOffset;
    if (!assignment.handlerCommits && committable > (records[0]?.offset ?? 0)) void assignment.commit(committable);
    assignment.handlerCommits ||= held;
  }

  private noteFetched(
    assignment: PartitionAssignment,
    { batch }: EachBatchPayload,
    records: readonly KafkaRecord[],
  ): void {
    const { topic, partition } = assignment;
    const { metrics, logger } = this.deps;
    const first = Number(batch.firstOffset());
    const expected = assignment.outOfRangeAt ?? assignment.expected;
    assignment.outOfRangeAt = undefined;
    assignment.highWatermark = Number(batch.highWatermark);
    assignment.waitingSince = records[0]?.timestamp;
    if (expected !== undefined && first !== expected) {
      const fields = { topic, partition, expected, first };
      if (first > expected) {
        metrics().gap(topic, first - expected);
        logger.error(fields, 'records are gone from the topic before they were read');
      } else logger.error(fields, 'the topic begins again below the offset that was reached');
    }
    assignment.expected = first;
    for (const { offset, undecodable } of records) {
      if (!undecodable) continue;
      metrics().unreadable(topic);
      logger.error({ topic, partition, offset, ...undecodable }, 'a record batch cannot be read');
    }
  }

  private async readyInTime(assignment: PartitionAssignment, payload: EachBatchPayload): Promise<boolean> {
    const beat = (): void => void this.beat(assignment, payload);
    const waited = new AbortController();
    const timeout = delay(this.settings.inlineWaitMs, undefined, { signal: waited.signal }).catch(() => undefined);
    await whilePending(Promise.race([assignment.ready, timeout]), beat, {
      everyMs: this.settings.heartbeatIntervalMs,
      atMostMs: this.settings.inlineWaitMs,
    });
    waited.abort();
    return assignment.isReady();
  }

  /** Never rejects: an error of the heartbeat either says that the partition is being lost, or the next heartbeat will tell. */
  private async beat(
    assignment: PartitionAssignment,
    payload: EachBatchPayload,
    interrupted?: { by?: unknown },
  ): Promise<void> {
    try {
      await payload.heartbeat();
    } catch (error) {
      const standing = membershipOf(error);
      if (!standing) return;
      if (interrupted) interrupted.by ??= error;
      if (assignment.isMember()) this.releaseAll(standing);
    }
  }

  private pause(partitions: readonly number[]): void {
    if (partitions.length > 0) this.consumer.pause([{ topic: this.settings.topic, partitions: [...partitions] }]);
  }

  /** Other partitions go on meanwhile, and the consumer's own loop sends the heartbeats. */
  private pauseUntil(assignment: PartitionAssignment, condition: Promise<void>): void {
    this.pause([assignment.partition]);
    void this.resumeAfter(assignment, condition);
  }

  private async resumeAfter(assignment: PartitionAssignment, condition: Promise<void>): Promise<void> {
    await condition.catch(() => undefined);
    const { topic, partition } = assignment;
    if (assignment.isMember() && !this.quiescing) this.consumer.resume([{ topic, partitions: [partition] }]);
  }

  // ── the end ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

  private track(work: Promise<void>): Promise<void> {
    const settled = work.then(
      () => undefined,
      () => undefined,
    );
    this.running.add(settled);
    void settled.then(() => this.running.delete(settled));
    return work;
  }

  /** Gives kafkajs an error that it does not retry: the consumer leaves the group, so that another process takes over at once. */
  private fatal(error: unknown, message: string): Error {
    this.deps.onFatal(error, message);
    return new KafkaJSNonRetriableError(errorText(error));
  }

  /** No sign of life from the broker although there is work: kafkajs has stopped in a way it did not notice. */
  private async watch(): Promise<void> {
    if (performance.now() - this.lastSignAt < this.settings.watchdogMs || this.closed || this.quiescing) return;
    const { topic, group } = this.settings;
    try {
      const ends = await this.deps.admin.fetchTopicOffsets(topic);
      const [answer] = await this.deps.admin.fetchOffsets({ groupId: group, topics: [topic] });
      const committed = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      const lag = ends.reduce((sum, { partition, low, high }) => {
        const reached = committed.get(partition) ?? -1;
        return sum + Math.max(0, Number(high) - (reached < 0 ? Number(low) : reached));
      }, 0);
      const silentMs = performance.now() - this.lastSignAt;
      if (lag > 0 && silentMs >= this.settings.watchdogMs)
        this.deps.onFatal(
          new Error(`no fetch and no heartbeat for ${Math.round(silentMs)} ms while ${lag} records wait`),
          'the consumer is stuck',
        );
    } catch (error) {
      // A broker that does not answer us either is no reason to end: it has to come back first.
      this.deps.logger.warn({ topic, group, error: errorText(error) }, 'no sign of life from the broker');
    }
  }
}

const areDecoded = (records: readonly unknown[]): records is readonly KafkaRecord[] =>
  records[0] instanceof DecodedRecord;
