// One partition held for one generation: its signal, its place in the log, and the commits on their way.
import { setTimeout as delay } from 'node:timers/promises';
import { membershipOf } from './errors';
import type { LossReason, Membership } from './membership';
import type { Assignment } from './records';

/** What an assignment asks of the broker. */
export interface PartitionLink {
  commit(topic: string, partition: number, offset: number, metadata: string): Promise<void>;
  committed(
    topic: string,
    partition: number,
    generation: number,
  ): Promise<{ offset: number; metadata: string } | undefined>;
  logRange(topic: string, partition: number): Promise<{ start: number; end: number }>;
  reclaim(partition: number, generation: number): Promise<void>;
  commitFailed(assignment: Assignment, error: unknown): void;
}

interface PendingCommit {
  readonly offset: number;
  readonly metadata: string;
}

/** A commit for each small batch was a third of what the broker had to answer, and most of the wait of the events behind it. */
const defaultCommitIntervalMs = 250;

export class PartitionAssignment implements Assignment {
  private readonly controller = new AbortController();
  private member = true;
  private wanted: PendingCommit | undefined;
  private committing: Promise<void> | undefined;
  private readonly commitIntervalMs: number;
  private due: number | undefined;
  private dueTimer: NodeJS.Timeout | undefined;
  private lastDueAt = -Infinity;
  /** Settles once the partition may be read: claimed, and reading from where the claim says. */
  ready: Promise<void> = Promise.resolve();
  private claimed = false;
  /** Whether the handler was told of this assignment, and so has to be told of its end. */
  claimStarted = false;
  /** Where the next batch should begin; `undefined` before anything was committed or claimed. */
  expected: number | undefined;
  /** The offset last asked for, where the topic no longer had it. */
  outOfRangeAt: number | undefined;
  /** Once the handler has taken a record over it commits by itself, and the transport no longer does. */
  handlerCommits: boolean;
  highWatermark = 0;
  waitingSince: number | undefined;

  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly generation: number,
    private readonly membership: Membership,
    private readonly link: PartitionLink,
    options: { readonly handlerCommits: boolean; readonly commitIntervalMs?: number },
  ) {
    this.handlerCommits = options.handlerCommits;
    this.commitIntervalMs = options.commitIntervalMs ?? defaultCommitIntervalMs;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Whether the partition is being taken away, or is gone. */
  isOver(): boolean {
    return this.controller.signal.aborted;
  }

  isReady(): boolean {
    return this.claimed;
  }

  setReady(ready: boolean): void {
    this.claimed = ready;
  }

  isMember(): boolean {
    return this.member && this.membership.generation === this.generation;
  }

  isFresh(): boolean {
    return this.isMember() && this.membership.isFresh();
  }

  /** The partition is being taken away; `lost` and a closed generation end the membership at once. */
  release(reason: LossReason): void {
    if (reason === 'lost') this.member = false;
    this.commitDue();
    this.controller.abort(reason);
  }

  committed(): Promise<{ offset: number; metadata: string } | undefined> {
    return this.link.committed(this.topic, this.partition, this.generation);
  }

  logRange(): Promise<{ start: number; end: number }> {
    return this.link.logRange(this.topic, this.partition);
  }

  reclaim(): Promise<void> {
    return this.link.reclaim(this.partition, this.generation);
  }

  commit(offset: number, metadata = ''): Promise<void> {
    this.wanted = { offset, metadata };
    const running = this.committing;
    // The loop under way takes the newest wish once its request is answered.
    if (running) return running;
    this.committing = this.commitUntilCurrent().then(() => {
      this.committing = undefined;
      const missed = this.wanted;
      return missed && this.isMember() ? this.commit(missed.offset, missed.metadata) : undefined;
    });
    return this.committing;
  }

  /**
   * Commits `offset`, or a later one asked for by then, within the commit interval; at once where the partition is being taken away. What is
   * repeated after a crash grows by what is done in that time.
   */
  commitSoon(offset: number): void {
    this.due = offset;
    if (this.dueTimer) return;
    const wait = this.isOver() ? 0 : this.lastDueAt + this.commitIntervalMs - performance.now();
    if (wait <= 0) this.commitDue();
    else this.dueTimer = setTimeout(() => this.commitDue(), wait);
  }

  private commitDue(): void {
    clearTimeout(this.dueTimer);
    this.dueTimer = undefined;
    const { due } = this;
    if (due === undefined) return;
    this.due = undefined;
    this.lastDueAt = performance.now();
    void this.commit(due);
  }

  /** Settles when nothing is left to commit. */
  async flushed(): Promise<void> {
    this.commitDue();
    await this.committing;
  }

  private async commitUntilCurrent(): Promise<void> {
    let wait = 50;
    while (this.wanted && this.isMember()) {
      const { offset, metadata } = this.wanted;
      this.wanted = undefined;
      try {
        await this.link.commit(this.topic, this.partition, offset, metadata);
        wait = 50;
      } catch (error) {
        const standing = membershipOf(error);
        this.link.commitFailed(this, error);
        if (standing) return;
        this.wanted ??= { offset, metadata };
        await delay(wait);
        wait = Math.min(wait * 2, 5_000);
      }
    }
  }
}
