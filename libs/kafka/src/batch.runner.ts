// The way of one fetched batch: wait for the claim, hand in, settle, produce, advance, commit; then the rest of it, until it is done.
import { setTimeout as delay } from 'node:timers/promises';
import type { Outcome } from '@auditlane/contracts';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { settle, type Settlement } from './domain/settle';
import { membershipOf } from './errors';
import type { GroupAssignments } from './group.assignments';
import type { PartitionAssignment } from './partition.assignment';
import type { Batch, KafkaRecord } from './records';
import { fatal, type SubscriptionDependencies, type SubscriptionSettings } from './subscription';
import { whilePending } from './while-pending';
import { DecodedRecord } from './wire/record-batch';

/** What a batch being run has at hand. */
interface Run {
  readonly assignment: PartitionAssignment;
  readonly payload: EachBatchPayload;
  /** What a heartbeat said about the end of the assignment: kafkajs re-joins when it gets this error. */
  interruptedBy: unknown;
}

export class BatchRunner {
  private readonly running = new Set<Promise<unknown>>();
  private stopped = false;

  constructor(
    private readonly settings: SubscriptionSettings,
    private readonly deps: SubscriptionDependencies,
    private readonly consumer: Consumer,
    private readonly assignments: GroupAssignments,
  ) {}

  async run(payload: EachBatchPayload): Promise<void> {
    const work = this.onBatch(payload);
    this.running.add(work);
    try {
      await work;
    } finally {
      this.running.delete(work);
    }
  }

  /** Hands nothing further in; the partitions are paused, so that nothing is fetched in vain. */
  stop(): void {
    this.stopped = true;
    this.pause(this.assignments.all().map(({ partition }) => partition));
  }

  isStopped(): boolean {
    return this.stopped;
  }

  async idle(): Promise<void> {
    await Promise.allSettled(this.running);
  }

  /** Pauses outlive a rebalance in kafkajs. */
  joined(partitions: readonly number[]): void {
    if (this.stopped) this.pause(partitions);
    else this.consumer.resume([{ topic: this.settings.topic, partitions: [...partitions] }]);
  }

  private async onBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    this.assignments.commitBy((offsets) => payload.commitOffsetsIfNecessary(offsets));
    const assignment = this.assignments.get(batch.partition);
    if (!assignment || this.stopped || assignment.isOver()) return;
    const run: Run = { assignment, payload, interruptedBy: undefined };
    if (!assignment.isReady() && !(await this.readyInTime(run))) {
      this.pauseUntil(assignment, assignment.ready);
      return;
    }
    // A seek discards what was fetched before it.
    if (payload.isStale() || assignment.isOver()) return;
    const records: readonly unknown[] = batch.messages;
    if (!areDecoded(records))
      throw fatal(this.deps, new TypeError('records of another decoder'), 'the wire protocol is not installed');
    this.noteFetched(run, records);
    await this.handle(run, records);
    if (run.interruptedBy !== undefined) throw run.interruptedBy;
  }

  private async handle(run: Run, all: readonly KafkaRecord[]): Promise<void> {
    const { assignment } = run;
    const { inlineWaitMs, maxHandlerMs } = this.settings;
    const deadline = performance.now() + inlineWaitMs;
    let records = all;
    while (records.length > 0 && !assignment.isOver() && !this.stopped) {
      const startedAt = performance.now();
      const outcomes = await this.beating(run, this.callHandler(run, records), maxHandlerMs);
      if (outcomes.length === 0) {
        const claimed = this.assignments.claimAgain(assignment, () => this.beat(run));
        return this.beating(run, claimed, Number.POSITIVE_INFINITY);
      }

      const settlement = settle(records, outcomes);
      if (!(await this.produced(run, settlement))) return;
      await this.deps.onProduced?.(settlement);
      if (!assignment.isMember()) return;
      this.advance(run, settlement, records);
      this.deps.metrics.settled(assignment.topic, settlement.counts, (performance.now() - startedAt) / 1000);
      records = settlement.done === records.length ? [] : records.slice(settlement.done);
      if (!settlement.retry) continue;

      const { afterMs } = settlement.retry;
      if (performance.now() + afterMs > deadline)
        return this.pauseUntil(assignment, delay(afterMs, undefined, { signal: assignment.signal }));
      await this.beating(run, delay(afterMs), inlineWaitMs);
    }
  }

  private callHandler(run: Run, records: readonly KafkaRecord[]): Promise<readonly Outcome[]> {
    const { assignment, payload } = run;
    const highWatermark = Number(payload.batch.highWatermark);
    const batch: Batch = { assignment, records, highWatermark, heartbeat: () => this.beat(run) };
    return this.orFatal(this.deps.handlers.batch(batch), 'a batch handler threw: ending without committing');
  }

  /** `false`: the partition was lost meanwhile, and the records come again to its next owner. */
  private async produced(run: Run, { produce }: Settlement): Promise<boolean> {
    if (produce.length === 0) return true;
    const { producer } = this.deps;
    if (!producer) throw fatal(this.deps, new Error('there is no producer'), 'a handler emits records');
    const sending = this.orFatal(producer.send(produce, run.assignment), 'producing failed');
    return (await this.beating(run, sending, Number.POSITIVE_INFINITY)) === 'acknowledged';
  }

  private advance({ assignment, payload }: Run, settlement: Settlement, records: readonly KafkaRecord[]): void {
    const { done, held, commitOffset } = settlement;
    const complete = done === records.length;
    // Behind the last record there may be control records, which are done with it.
    const end = Number(payload.batch.lastOffset()) + 1;
    const nextOffset = complete ? Math.max(end, settlement.nextOffset) : settlement.nextOffset;
    assignment.expected = nextOffset;
    assignment.waitingSince =
      complete && nextOffset >= assignment.highWatermark ? undefined : (records[done] ?? records.at(-1))?.timestamp;
    if (done > 0 && !payload.isStale()) payload.resolveOffset(String(nextOffset - 1));
    const committable = held ? commitOffset : nextOffset;
    if (!assignment.handlerCommits && committable > (records[0]?.offset ?? 0)) assignment.commitSoon(committable);
    assignment.handlerCommits ||= held;
  }

  private noteFetched({ assignment, payload }: Run, records: readonly KafkaRecord[]): void {
    const { topic, partition } = assignment;
    const { metrics, logger } = this.deps;
    const first = Number(payload.batch.firstOffset());
    const expected = assignment.outOfRangeAt ?? assignment.expected;
    assignment.outOfRangeAt = undefined;
    assignment.expected = first;
    assignment.highWatermark = Number(payload.batch.highWatermark);
    assignment.waitingSince = records[0]?.timestamp;
    if (expected !== undefined && first > expected) {
      metrics.gap(topic, first - expected);
      logger.error({ topic, partition, expected, first }, 'records are gone from the topic before they were read');
    }
    if (expected !== undefined && first < expected)
      logger.error({ topic, partition, expected, first }, 'the topic begins again below the offset that was reached');
    for (const { offset, undecodable } of records) {
      if (!undecodable) continue;
      metrics.unreadable(topic);
      logger.error({ topic, partition, offset, ...undecodable }, 'a record batch cannot be read');
    }
  }

  private async readyInTime(run: Run): Promise<boolean> {
    const { inlineWaitMs } = this.settings;
    const waited = new AbortController();
    const timeout = delay(inlineWaitMs, undefined, { signal: waited.signal }).catch(() => undefined);
    await this.beating(run, Promise.race([run.assignment.ready, timeout]), inlineWaitMs);
    waited.abort();
    return run.assignment.isReady();
  }

  private beating<T>(run: Run, work: Promise<T>, atMostMs: number): Promise<T> {
    return whilePending(work, () => void this.beat(run), { everyMs: this.settings.heartbeatIntervalMs, atMostMs });
  }

  /** Never rejects: an error of the heartbeat either says that the partition is being lost, or the next heartbeat will tell. */
  private async beat(run: Run): Promise<void> {
    try {
      await run.payload.heartbeat();
    } catch (error) {
      const standing = membershipOf(error);
      if (!standing) return;
      run.interruptedBy ??= error;
      if (run.assignment.isMember()) this.assignments.releaseAll(standing);
    }
  }

  private async orFatal<T>(work: Promise<T>, message: string): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw fatal(this.deps, error, message);
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
    if (assignment.isMember() && !this.stopped) this.consumer.resume([{ topic, partitions: [partition] }]);
  }
}

const areDecoded = (records: readonly unknown[]): records is readonly KafkaRecord[] =>
  records[0] instanceof DecodedRecord;
