// Copies rejected records into quarantine, each batch in a transaction of its own.
import type { Pool } from 'pg';
import type { QuarantineReason } from '@auditlane/contracts';
import { inTransaction } from '@auditlane/storage';
import type { QuarantineCaps } from './domain/quarantine-caps';
import { keptDays, rejectedRow } from './domain/quarantine-row';
import type { SourceRecord } from './domain/source-record';
import { writeQuarantine } from './quarantine-store';

export interface RejectedStoreOptions {
  readonly retentionDays: number;
  readonly caps: QuarantineCaps;
}

export class RejectedStore {
  constructor(
    private readonly pool: Pool,
    private readonly options: RejectedStoreOptions,
  ) {}

  /** The reasons of the records that were not there before. */
  async write(
    records: readonly SourceRecord[],
  ): Promise<{ readonly reasons: readonly QuarantineReason[]; readonly overflow: number }> {
    return inTransaction(this.pool, async (client) => {
      const { rows } = await client.query<{ today: string }>('select audit.database_day() as today');
      const days = keptDays(rows[0]?.today ?? '', this.options.retentionDays);
      const { fresh, overflow } = await writeQuarantine(
        client,
        records.map((record) => rejectedRow(record, days)),
        this.options.caps,
      );
      return { reasons: fresh.map((row) => row.reason), overflow };
    });
  }
}
