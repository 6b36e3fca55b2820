// One topic consumed by one group: the kafkajs consumer, what its events mean, its start and its end.
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer } from 'kafkajs';
import { BatchRunner } from './batch.runner';
import { errorText } from './errors';
import { GroupAssignments } from './group.assignments';
import type { Position } from './metrics';
import type { SubscriptionDependencies, SubscriptionSettings } from './subscription';
import { onOutOfRange } from './wire/out-of-range';

export class SubscriptionConsumer {
  private readonly consumer: Consumer;
  private readonly assignments: GroupAssignments;
  private readonly runner: BatchRunner;
  private readonly endListening: () => void;
  private lastSignAt = performance.now();
  private watchdog: NodeJS.Timeout | undefined;
  private stopping: Promise<void> | undefined;

  constructor(
    private readonly settings: SubscriptionSettings,
    private readonly deps: SubscriptionDependencies,
  ) {
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
    this.assignments = new GroupAssignments(settings, deps, this.consumer);
    this.runner = new BatchRunner(settings, deps, this.consumer, this.assignments);
    this.listen();
    this.endListening = onOutOfRange(({ topic, partition, fetchOffset }) => {
      const assignment = topic === settings.topic ? this.assignments.get(partition) : undefined;
      if (assignment) assignment.outOfRangeAt ??= fetchOffset;
    });
  }

  async start(): Promise<void> {
    const { topic, concurrency, watchdogMs } = this.settings;
    await this.consumer.connect();
    await this.consumer.subscribe({ topics: [topic], fromBeginning: true });
    await this.consumer.run({
      autoCommit: false,
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: concurrency,
      eachBatch: (payload) => this.runner.run(payload),
    });
    if (!this.stopping) this.watchdog = setInterval(() => void this.watch(), Math.max(250, watchdogMs / 4));
  }

  isAlive(): boolean {
    return this.assignments.membership.isAlive();
  }

  /** Hands no further batch in, and waits for those that are being handled. Stays in the group: what was held can still be committed. */
  async quiesce(): Promise<void> {
    this.runner.stop();
    await this.runner.idle();
  }

  /** Ends the assignments with their handlers told, commits what is done, leaves the group. */
  stop(): Promise<void> {
    this.stopping ??= this.leave();
    return this.stopping;
  }

  positions(): readonly Position[] {
    return this.assignments.all().map(({ topic, partition, highWatermark, expected, waitingSince }) => ({
      topic,
      partition,
      lagRecords: Math.max(0, highWatermark - (expected ?? highWatermark)),
      waitingSince,
    }));
  }

  assignedPartitions(): { topic: string; partitions: number } {
    const { membership } = this.assignments;
    return { topic: this.settings.topic, partitions: membership.joined ? this.assignments.all().length : 0 };
  }

  private async leave(): Promise<void> {
    clearInterval(this.watchdog);
    this.endListening();
    const drained = new AbortController();
    const grace = delay(this.settings.drainMs, undefined, { signal: drained.signal }).catch(() => undefined);
    await Promise.race([this.quiesce(), grace]);
    drained.abort();
    // A send that the broker does not answer is abandoned from here on.
    this.assignments.releaseAll('closing');
    await this.runner.idle();
    await this.assignments.released();
    await this.consumer.stop();
    this.assignments.endAll();
    await this.consumer.disconnect();
  }

  private listen(): void {
    const { events } = this.consumer;
    const { membership } = this.assignments;
    const on = this.consumer.on.bind(this.consumer);
    on(events.REQUEST, ({ payload }) => {
      if (payload.apiName === 'Heartbeat' || payload.apiName === 'SyncGroup') membership.answered(payload.duration);
      // From here on a commit would be made in the name of the new generation.
      if (payload.apiName === 'JoinGroup') this.assignments.endAll();
    });
    on(events.HEARTBEAT, () => {
      this.lastSignAt = performance.now();
      membership.confirmed();
    });
    on(events.FETCH, () => (this.lastSignAt = performance.now()));
    on(events.REBALANCING, () => this.assignments.releaseAll('rebalancing'));
    on(events.GROUP_JOIN, ({ payload }) => {
      const partitions = payload.memberAssignment[this.settings.topic] ?? [];
      this.lastSignAt = performance.now();
      this.assignments.begin(partitions);
      this.runner.joined(partitions);
    });
    on(events.STOP, () => this.assignments.endAll());
    on(events.CRASH, ({ payload: { error, restart } }) => {
      this.assignments.endAll();
      if (restart) this.deps.logger.warn({ error: error.message }, 'the consumer starts again');
      else this.deps.onFatal(error, 'the consumer has stopped for good');
    });
  }

  /** No sign of life from the broker although there is work: kafkajs has stopped in a way it did not notice. */
  private async watch(): Promise<void> {
    const silentMs = performance.now() - this.lastSignAt;
    if (silentMs < this.settings.watchdogMs || this.runner.isStopped()) return;
    const { topic, group } = this.settings;
    try {
      const lag = await this.groupLag();
      if (lag === 0 || performance.now() - this.lastSignAt < this.settings.watchdogMs) return;
      const silence = new Error(`no fetch and no heartbeat for ${Math.round(silentMs)} ms while ${lag} records wait`);
      this.deps.onFatal(silence, 'the consumer is stuck');
    } catch (error) {
      // A broker that does not answer us either is no reason to end: it has to come back first.
      this.deps.logger.warn({ topic, group, error: errorText(error) }, 'no sign of life from the broker');
    }
  }

  private async groupLag(): Promise<number> {
    const { topic, group } = this.settings;
    const ends = await this.deps.admin.fetchTopicOffsets(topic);
    const [answer] = await this.deps.admin.fetchOffsets({ groupId: group, topics: [topic] });
    const committed = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    return ends.reduce((sum, { partition, low, high }) => {
      const reached = committed.get(partition) ?? -1;
      return sum + Math.max(0, Number(high) - (reached < 0 ? Number(low) : reached));
    }, 0);
  }
}
