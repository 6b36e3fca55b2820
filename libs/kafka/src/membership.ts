// One consumer's standing in its group: which generation it is in, and when the group last answered.

export type LossReason = 'rebalancing' | 'lost' | 'closing';

/**
 * Freshness counts from when an answered heartbeat was *sent*, on the monotonic clock: the coordinator cannot have started the session
 * earlier, and a process that was stopped in between finds out by itself, before it does anything.
 */
export class Membership {
  private answeredAt = Number.NEGATIVE_INFINITY;
  private sentAt = Number.NEGATIVE_INFINITY;
  generation = 0;
  joined = false;

  constructor(
    readonly sessionTimeoutMs: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** A request to the group was answered, well or not. */
  answered(durationMs: number): void {
    this.sentAt = this.now() - Math.max(0, durationMs);
  }

  /** … and it was answered well. */
  confirmed(): void {
    this.answeredAt = this.sentAt;
  }

  begin(): number {
    this.joined = true;
    this.confirmed();
    return ++this.generation;
  }

  end(): void {
    this.joined = false;
    this.answeredAt = Number.NEGATIVE_INFINITY;
  }

  lastConfirmedAt(): number {
    return this.answeredAt;
  }

  isFresh(): boolean {
    return this.now() - this.answeredAt < freshForMs(this.sessionTimeoutMs);
  }

  isAlive(): boolean {
    return this.joined && this.now() - this.answeredAt < this.sessionTimeoutMs;
  }
}

/** Session time-out − 5 s; a third less where the time-out is scaled down. */
export const freshForMs = (sessionTimeoutMs: number): number =>
  Math.max(sessionTimeoutMs - 5_000, (sessionTimeoutMs * 2) / 3);
