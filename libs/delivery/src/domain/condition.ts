// Remembers how a destination fares: the last failure, since when, the tries in between, and what its status row says of it.
import { parkReasons, poisonReasons, type TransientReason } from '@auditlane/contracts';
import type { Attempt, HealthState, Refusal, SavedHealth } from './effects';

const kept = 100;
const missing: TransientReason = 'acknowledgement_missing';
const refusals: ReadonlySet<string> = new Set([...parkReasons, ...poisonReasons]);

export class Condition {
  /** Failures in a row; the exponent of the back-off. */
  attempts = 0;
  /** No request before this. */
  retryAt = 0;
  lastSuccessAt: number | undefined;
  failure: Refusal | undefined;
  failingSince: number | undefined;
  private log: Attempt[] = [];

  /** As the previous owner saw it. A success that is too long ago to matter is left where it was. */
  restore(health: SavedHealth): void {
    this.lastSuccessAt = health.lastSuccessAt;
    if (health.failingSince === undefined) return;
    this.failure = { reason: health.reason, code: '', words: health.words };
    this.failingSince = health.failingSince;
  }

  succeeded(now: number): void {
    this.attempts = 0;
    this.lastSuccessAt = now;
    this.recover();
  }

  /** Taken in, which says nothing of what was not acknowledged before. */
  takenIn(): void {
    this.attempts = 0;
    if (this.failure?.reason !== missing) this.recover();
  }

  acknowledged(now: number): void {
    this.lastSuccessAt = now;
    if (this.failure?.reason === missing) this.recover();
  }

  /** No back-off: what is missing is sent again, and nothing says that it will not be taken. */
  unacknowledged(failure: Refusal, now: number): void {
    this.failure = failure;
    this.failingSince ??= now;
  }

  private recover(): void {
    this.failure = undefined;
    this.failingSince = undefined;
  }

  failed(failure: Refusal, now: number): void {
    this.attempts++;
    this.failure = failure;
    this.failingSince ??= now;
  }

  /** New settings: whatever was said before was said to somebody else. */
  forgive(now: number): void {
    this.attempts = 0;
    this.retryAt = now;
  }

  record(attempt: Attempt): void {
    this.log.unshift(attempt);
    if (this.log.length > kept) this.log.length = kept;
  }

  takeLog(): readonly Attempt[] {
    const { log } = this;
    this.log = [];
    return log;
  }

  /** Attempts that were handed out and not written. */
  remember(older: readonly Attempt[]): void {
    this.log = [...this.log, ...older].slice(0, kept);
  }

  state(now: number, failingAfterMs: number): HealthState {
    if (!this.failure || this.failingSince === undefined) return 'healthy';
    if (refusals.has(this.failure.reason)) return 'failing';
    return now - this.failingSince >= failingAfterMs ? 'failing' : 'retrying';
  }
}
