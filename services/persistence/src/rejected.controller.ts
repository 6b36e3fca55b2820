// The edge to `rejected`: copies what ingestion refused into the quarantine table, where operators and tenants can look it up.
import { Controller, Inject } from '@nestjs/common';
import { ok, type Outcome, retry, type RetryReason } from '@auditlane/contracts';
import { type Batch, BatchOf } from '@auditlane/kafka';
import { classifyDatabaseError, retryReasonOf } from '@auditlane/storage';
import type { Logger } from 'pino';
import { backOffMs } from './domain/back-off';
import { originalTime } from './domain/quarantine-row';
import { takeBatch } from './domain/take-batch';
import type { PersistenceMetrics } from './metrics';
import type { RejectedStore } from './rejected-store';

export const rejectedDeps = Symbol('RejectedDeps');

export interface RejectedDeps {
  readonly store: RejectedStore;
  readonly makeDays: (recordTimes: readonly number[]) => Promise<void>;
  readonly metrics: PersistenceMetrics;
  readonly logger: Logger;
  readonly random: () => number;
}

const limits = { records: 500, bytes: 8 * 1_048_576 };

@Controller()
export class RejectedController {
  private failures = 0;

  constructor(@Inject(rejectedDeps) private readonly deps: RejectedDeps) {}

  @BatchOf('rejected')
  async handle({ records }: Batch): Promise<readonly Outcome[]> {
    const part = takeBatch(records, limits, Infinity);
    try {
      const written = await this.deps.store.write(part);
      this.failures = 0;
      for (const reason of written.reasons) this.deps.metrics.quarantined.inc({ reason });
      this.deps.metrics.overflow.inc(written.overflow);
      return part.map(() => ok());
    } catch (error) {
      const fault = classifyDatabaseError(error);
      const reason = retryReasonOf(fault);
      if (reason === undefined) throw error;
      if (fault === 'day_missing') await this.deps.makeDays(part.map(originalTime));
      return this.again(reason, error);
    }
  }

  private again(reason: RetryReason, error: unknown): readonly Outcome[] {
    this.failures += 1;
    const afterMs = backOffMs(this.failures, this.deps.random());
    this.deps.metrics.retries.inc({ reason });
    this.deps.logger.warn({ reason, afterMs, err: error }, 'rejected records were not copied, trying again');
    return [retry(reason, afterMs)];
  }
}
