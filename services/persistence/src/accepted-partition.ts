// One claim of one partition of `accepted`: what to do with the records handed in, and what is remembered between two batches.
import type { Logger } from 'pino';
import {
  dead,
  decodeAcceptedHeaders,
  drop,
  encodeStoredHeaders,
  ok,
  type Outcome,
  retry,
  type RetryReason,
} from '@auditlane/contracts';
import { crashPoint } from '@auditlane/observability';
import { classifyDatabaseError, retryReasonOf } from '@auditlane/storage';
import type { BatchStore, StoreResult } from './batch-store';
import type { ClaimedState, ClaimStore } from './claim-store';
import { backOffMs } from './domain/back-off';
import { type Cuts, cutInHalf, limitFor, passed } from './domain/bisect';
import { judgeLedger, nextAttempt, type Suspicion } from './domain/crash-ledger';
import { dedupeKey, type Fate } from './domain/plan-batch';
import { givenUp, type PartitionOfTenant, readRecord, type WithHeaders } from './domain/read-record';
import { endOffset, recordCount, type SourceRecord } from './domain/source-record';
import { StoredChain } from './domain/stored-chain';
import { type BatchLimits, takeBatch } from './domain/take-batch';
import type { PersistenceMetrics } from './metrics';
import type { Turns } from './turns';

export interface PartitionDeps {
  readonly batches: Pick<BatchStore, 'store' | 'keysOf'>;
  readonly claims: ClaimStore;
  /** Makes today's partitions and those ahead, and the quarantine's for records of these times. */
  readonly makeDays: (recordTimes: readonly number[]) => Promise<void>;
  readonly metrics: PersistenceMetrics;
  readonly logger: Logger;
  readonly limits: BatchLimits;
  readonly storedTopic: string;
  readonly partitionOfTenant: PartitionOfTenant;
  readonly now: () => number;
  readonly random: () => number;
  /** Attempts that are noted in the crash ledger run one at a time in a process. */
  readonly turns: Turns;
}

/** The part of an assignment that deciding needs. */
export interface Holding {
  readonly partition: number;
  isFresh(): boolean;
}

/** Nothing to acknowledge: discard the batch and claim again. */
const claimLost: readonly Outcome[] = [];

export class AcceptedPartition {
  private readonly epoch: number;
  private nextOffset: number;
  private readonly chain: StoredChain;
  private cuts: Cuts;
  private givenUp: { readonly offset: number; readonly detail: string } | undefined;
  private readonly suspicion: Suspicion;
  private noted: string | undefined;
  private failures = 0;

  constructor(
    private readonly holding: Holding,
    state: ClaimedState,
    private readonly deps: PartitionDeps,
  ) {
    this.epoch = state.epoch;
    this.nextOffset = state.nextOffset;
    this.chain = new StoredChain(state.storedBefore);
    this.suspicion = judgeLedger(state.ledger, state.nextOffset);
    this.cuts = this.suspicion.cuts;
    const { givenUp } = this.suspicion;
    if (givenUp !== undefined) {
      this.givenUp = { offset: givenUp, detail: 'each time this record was processed alone, the process ended' };
    }
  }

  /** Outcomes for a prefix of the records; none at all where the claim is lost. */
  async handle(records: readonly SourceRecord[]): Promise<readonly Outcome[]> {
    // Whoever is paused here may have been replaced meanwhile: nothing may be produced before a heartbeat is answered.
    if (!this.holding.isFresh()) return this.again('claim_lost');
    const first = records[0];
    if (!first) return claimLost;
    this.chain.handedIn(first.offset);
    try {
      for (;;) {
        const again = first.offset < this.nextOffset;
        const outcomes = again ? await this.publishAgain(records) : await this.storeFirst(records);
        if (outcomes) return outcomes;
      }
    } catch (error) {
      return this.afterError(error);
    }
  }

  /** The partition goes to somebody else in good order: what was noted is no crash. */
  async release(): Promise<void> {
    if (this.noted !== undefined) await this.deps.claims.forget(this.holding.partition);
  }

  /** Records below next_offset are in the database; whether they reached `stored` nobody knows. Those that stored a row go there again. */
  private async publishAgain(records: readonly SourceRecord[]): Promise<readonly Outcome[]> {
    const below = takeBatch(records, this.deps.limits, this.nextOffset);
    const named = below.flatMap((record): WithHeaders[] => {
      const headers = decodeAcceptedHeaders(record.headers);
      return headers && !record.undecodable ? [{ record, headers }] : [];
    });
    const keys = await this.deps.batches.keysOf(named);
    const byRecord = new Map(named.map((entry) => [entry.record, entry.headers]));
    const outcomes = below.map((record): Outcome => {
      const headers = byRecord.get(record);
      const key = headers && keys.get(dedupeKey(headers.tenant, headers.id));
      // A repeat of the event further down the topic has the same key and hash, but it is not the record that was stored.
      if (
        !headers ||
        !record.value ||
        key?.acceptedOffset !== record.offset ||
        key.contentHash !== headers.contentHash
      ) {
        return drop('repeat');
      }
      this.deps.metrics.republished.inc();
      return this.publish({ record, headers }, record.value, key.seq);
    });
    this.failures = 0;
    return outcomes;
  }

  /** `undefined` where next_offset turned out to be further on: the records have to be looked at anew. */
  private async storeFirst(records: readonly SourceRecord[]): Promise<readonly Outcome[] | undefined> {
    const { turns } = this.deps;
    const suspicious = this.nextOffset < this.suspicion.until;
    return suspicious
      ? turns.take(async () => this.storeUntilDone(records, true))
      : this.storeUntilDone(records, false);
  }

  /** Tries ever smaller prefixes until one is stored; each try is a transaction of its own. */
  private async storeUntilDone(
    records: readonly SourceRecord[],
    suspicious: boolean,
  ): Promise<readonly Outcome[] | undefined> {
    let madeDays = false;
    for (;;) {
      const part = this.nextPart(records);
      if (suspicious) await this.note(part);
      try {
        return this.settle(await this.store(part), part);
      } catch (error) {
        const fault = classifyDatabaseError(error);
        if (fault === 'day_missing' && !madeDays) {
          madeDays = true;
          await this.deps.makeDays(part.map((record) => record.timestamp));
        } else if (fault === 'bisect' && !this.isGivenUp(part)) {
          this.closeIn(part, error);
        } else throw error;
      }
    }
  }

  private nextPart(records: readonly SourceRecord[]): readonly SourceRecord[] {
    const from = records[0]?.offset ?? this.nextOffset;
    return takeBatch(records, this.deps.limits, limitFor(this.cuts, from));
  }

  private async store(part: readonly SourceRecord[]): Promise<StoreResult> {
    const readings = part.map((record) =>
      record.offset === this.givenUp?.offset
        ? givenUp(record, this.givenUp.detail)
        : readRecord(record, this.deps.partitionOfTenant),
    );
    const done = this.deps.metrics.transactionSeconds.startTimer();
    try {
      return await this.deps.batches.store({
        partition: this.holding.partition,
        epoch: this.epoch,
        nextOffset: this.nextOffset,
        storedBefore: this.chain.before,
        readings,
        newestRecord: part.reduce((newest, record) => Math.max(newest, record.timestamp), 0),
      });
    } finally {
      done();
    }
  }

  private settle(result: StoreResult, part: readonly SourceRecord[]): readonly Outcome[] | undefined {
    switch (result.kind) {
      case 'stored':
        return this.accept(result.fates, result.nextOffset, result.overflow);
      case 'refused':
        this.deps.logger.warn({ partition: this.holding.partition }, 'another owner has claimed this partition');
        return claimLost;
      case 'moved':
        this.nextOffset = result.nextOffset;
        return undefined;
      case 'clocks_disagree':
        this.logClocks(result.database, part);
    }
    return this.again('clocks_disagree');
  }

  private logClocks(database: number, part: readonly SourceRecord[]): void {
    const text = (ms: number) => new Date(ms).toISOString();
    this.deps.logger.error(
      {
        partition: this.holding.partition,
        database: text(database),
        service: text(this.deps.now()),
        record: text(part.at(-1)?.timestamp ?? 0),
      },
      'clocks disagree by more than an hour: nothing is stored, because retention is counted from the stored day',
    );
  }

  private accept(fates: readonly Fate[], nextOffset: number, overflow: number): readonly Outcome[] {
    const { metrics } = this.deps;
    this.nextOffset = nextOffset;
    this.cuts = passed(this.cuts, nextOffset);
    this.failures = 0;
    metrics.overflow.inc(overflow);
    const committedAt = this.deps.now();
    const counts = { stored: 0, duplicate: 0, quarantined: 0 };
    const outcomes = fates.map((fate): Outcome => {
      counts[fate.kind] += fate.kind === 'quarantined' ? recordCount(fate.record) : 1;
      if (fate.kind === 'duplicate') return drop('duplicate');
      if (fate.kind === 'quarantined') {
        metrics.quarantined.inc({ reason: fate.reason });
        return dead(fate.reason);
      }
      metrics.freshnessSeconds.observe(Math.max(0, committedAt - fate.reading.record.timestamp) / 1000);
      return this.publish(fate.reading, fate.reading.value, fate.seq);
    });
    for (const outcome of ['stored', 'duplicate', 'quarantined'] as const) {
      if (counts[outcome] > 0) metrics.events.inc({ outcome }, counts[outcome]);
    }
    if (counts.stored > 0) crashPoint('persistence.beforeStoredProduce');
    // The transaction may have taken long; what it stored is published when a heartbeat has been answered, as below next_offset.
    return this.holding.isFresh() ? outcomes : this.again('claim_lost');
  }

  private publish({ record, headers }: WithHeaders, value: Buffer, seq: number): Outcome {
    return ok({
      topic: this.deps.storedTopic,
      partition: this.holding.partition,
      key: headers.tenant,
      value,
      headers: encodeStoredHeaders({
        ...headers,
        seq,
        acceptedOffset: record.offset,
        previous: this.chain.link(record.offset),
      }),
    });
  }

  /** The database refused the data of `part`: go on with its left half, or, where it stands alone, give the record up. */
  private closeIn(part: readonly SourceRecord[], error: unknown): void {
    const [first] = part;
    const last = part.at(-1);
    if (!first || !last) return;
    const words = error instanceof Error ? error.message : String(error);
    this.deps.metrics.bisections.inc();
    if (part.length === 1) this.givenUp = { offset: first.offset, detail: `the database refuses it: ${words}` };
    else this.cuts = cutInHalf(this.cuts, first.offset, endOffset(last));
    this.deps.logger.warn(
      { partition: this.holding.partition, from: first.offset, records: part.length, error: words },
      'the database refused a batch for its data; closing in on the record',
    );
  }

  private isGivenUp(part: readonly SourceRecord[]): boolean {
    return part.length === 1 && part[0]?.offset === this.givenUp?.offset;
  }

  /** Once per range and process: what counts is how many processes began it. */
  private async note(part: readonly SourceRecord[]): Promise<void> {
    const [first] = part;
    const last = part.at(-1);
    if (!first || !last) return;
    const attempt = nextAttempt(this.suspicion.unfinished, first.offset, endOffset(last));
    const range = `${attempt.from}-${attempt.to}`;
    if (this.noted === range) return;
    await this.deps.claims.note(this.holding.partition, attempt);
    this.noted = range;
  }

  private afterError(error: unknown): readonly Outcome[] {
    const reason = retryReasonOf(classifyDatabaseError(error));
    if (reason === undefined) throw error;
    return this.again(reason, error instanceof Error ? error.message : String(error));
  }

  private again(reason: RetryReason, error?: string): readonly Outcome[] {
    this.failures += 1;
    const afterMs = backOffMs(this.failures, this.deps.random());
    this.deps.metrics.retries.inc({ reason });
    this.deps.logger.warn(
      { partition: this.holding.partition, reason, afterMs, error },
      'nothing acknowledged, trying again',
    );
    return [retry(reason, afterMs)];
  }
}
