// The partitions that a process holds in one group: begun with a claim, ended with their handlers told, never outliving their generation.
import { setTimeout as delay } from 'node:timers/promises';
import type { Consumer, EachBatchPayload } from 'kafkajs';
import { errorText } from './errors';
import { type LossReason, Membership } from './membership';
import { PartitionAssignment, type PartitionLink } from './partition.assignment';
import { fatal, type SubscriptionDependencies, type SubscriptionSettings } from './subscription';

interface Committed {
  readonly offset: number;
  readonly metadata: string;
}

export class GroupAssignments {
  readonly membership: Membership;
  private readonly held = new Map<number, PartitionAssignment>();
  private readonly revocations = new Map<number, Promise<void>>();
  private committedAtJoin = new Map<number, Committed>();
  private committedLoaded: Promise<void> = Promise.resolve();
  private commitOffsets: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;

  constructor(
    private readonly settings: SubscriptionSettings,
    private readonly deps: SubscriptionDependencies,
    private readonly consumer: Consumer,
  ) {
    this.membership = new Membership(settings.sessionTimeoutMs);
  }

  get(partition: number): PartitionAssignment | undefined {
    return this.held.get(partition);
  }

  all(): readonly PartitionAssignment[] {
    return [...this.held.values()];
  }

  /** A new generation: whatever was held before has ended. */
  begin(partitions: readonly number[]): void {
    const before = [...this.held.keys()];
    this.endAll();
    this.held.clear();
    const generation = this.membership.begin();
    this.committedAtJoin = new Map();
    this.committedLoaded = partitions.length === 0 ? Promise.resolve() : this.loadCommitted(generation);
    const { topic, group, handlerCommits } = this.settings;
    for (const partition of partitions) {
      const own = { handlerCommits };
      const assignment = new PartitionAssignment(topic, partition, generation, this.membership, this.link, own);
      this.held.set(partition, assignment);
      assignment.ready = this.claim(assignment);
    }
    const gained = partitions.filter((partition) => !before.includes(partition));
    const lost = before.filter((partition) => !partitions.includes(partition));
    this.deps.metrics.joined(group);
    this.deps.logger.info({ topic, group, generation, partitions, gained, lost }, 'joined the consumer group');
  }

  /** Eager rebalancing takes all partitions away at once. */
  releaseAll(reason: LossReason): void {
    for (const assignment of this.held.values()) this.release(assignment, reason);
  }

  endAll(): void {
    this.releaseAll('lost');
    this.membership.end();
  }

  /** Settles when the handlers know of every end and nothing is left to commit. */
  async released(): Promise<void> {
    await Promise.allSettled(this.revocations.values());
    await Promise.allSettled(this.all().map((assignment) => assignment.flushed()));
  }

  /** kafkajs' own `commitOffsets` tries again across a rebalance, then in the name of a generation that does not own the partition. */
  commitBy(commitOffsets: EachBatchPayload['commitOffsetsIfNecessary']): void {
    this.commitOffsets = commitOffsets;
  }

  /**
   * A write was refused: once the group has answered that the partition is still ours, claims it again and reads from where the claim says, or
   * from where the refused batch began. `beat` asks the group; whoever comes while a claim is under way waits for that one.
   */
  async claimAgain(assignment: PartitionAssignment, beat: () => Promise<void>): Promise<void> {
    if (assignment.isReady()) {
      assignment.setReady(false);
      assignment.ready = this.confirmThenClaim(assignment, beat);
    }
    await assignment.ready;
  }

  private async confirmThenClaim(assignment: PartitionAssignment, beat: () => Promise<void>): Promise<void> {
    const { topic, partition, expected } = assignment;
    this.deps.logger.warn({ topic, partition }, 'a write was refused, claiming the partition again');
    const since = performance.now();
    while (!assignment.isOver() && this.membership.lastConfirmedAt() < since) {
      await beat();
      if (this.membership.lastConfirmedAt() < since) await delay(50);
    }
    // Over by now, its end waits for this very promise, and a claim would wait for its end.
    if (!assignment.isOver()) await this.claim(assignment, expected);
  }

  /** Never rejects: what goes wrong ends the process. */
  private async claim(assignment: PartitionAssignment, position?: number): Promise<void> {
    const { topic, partition } = assignment;
    try {
      // The handler keeps state per partition: the end of the last generation comes before the beginning of this one.
      await this.revocations.get(partition);
      if (assignment.isOver()) return;
      assignment.claimStarted = true;
      const { startAt } = (await this.deps.handlers.assigned?.(assignment)) ?? {};
      const committed = await assignment.committed();
      if (assignment.isOver()) return;
      const expected = startAt ?? position ?? committed?.offset;
      assignment.expected = expected;
      if (expected !== undefined && (position !== undefined || expected !== committed?.offset))
        this.consumer.seek({ topic, partition, offset: String(expected) });
      assignment.setReady(true);
    } catch (error) {
      if (!assignment.isOver()) fatal(this.deps, error, 'the claim of a partition failed');
    }
  }

  private release(assignment: PartitionAssignment, reason: LossReason): void {
    const first = !assignment.isOver();
    assignment.release(reason);
    const { revoked } = this.deps.handlers;
    if (!first || !revoked) return;
    const told = assignment.ready
      .then(() => (assignment.claimStarted ? revoked(assignment) : undefined))
      .catch((error: unknown) => void fatal(this.deps, error, 'the revoked handler threw'));
    this.revocations.set(assignment.partition, told);
  }

  private async loadCommitted(generation: number): Promise<void> {
    const { topic, group } = this.settings;
    const { admin, logger } = this.deps;
    for (let wait = 100; this.membership.generation === generation; wait = Math.min(wait * 2, 5_000)) {
      try {
        const [answer] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
        for (const { partition, offset, metadata } of answer?.partitions ?? [])
          if (Number(offset) >= 0)
            this.committedAtJoin.set(partition, { offset: Number(offset), metadata: metadata ?? '' });
        return;
      } catch (error) {
        if (!this.membership.joined) return;
        logger.warn({ topic, group, error: errorText(error) }, 'reading the committed offsets failed, trying again');
        await delay(wait);
      }
    }
  }

  private readonly link: PartitionLink = {
    commit: async (topic, partition, offset, metadata) => {
      const offsets = { topics: [{ topic, partitions: [{ partition, offset: String(offset), metadata }] }] };
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
    // No batch is there to beat for; kafkajs' own loop does, between two fetches.
    reclaim: async (partition, generation) => {
      const assignment = this.held.get(partition);
      if (assignment?.generation === generation) await this.claimAgain(assignment, () => Promise.resolve());
    },
    commitFailed: ({ topic, partition }, error) => {
      this.deps.logger.warn({ topic, partition, error: errorText(error) }, 'an offset commit failed');
    },
  };
}
