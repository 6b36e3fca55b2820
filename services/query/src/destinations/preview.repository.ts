// Counts and reads for a preview, in the tenant's row-level security and within a time that the caller sets.
import type { DeliverableEvent } from '@auditlane/destinations';
import { EventReader, withTenant } from '@auditlane/storage';
import type { Pool } from 'pg';
import { stretchQuery, type Stretch, type StretchRow } from './domain/preview-sql';

export class PreviewRepository {
  private readonly reader: EventReader;

  constructor(private readonly pool: Pool) {
    this.reader = new EventReader(pool);
  }

  /** `undefined` where it takes longer than it may. */
  async count(stretch: Stretch, timeoutMs: number): Promise<StretchRow | undefined> {
    try {
      return await withTenant(this.pool, stretch.tenant, async (client) => {
        await client.query(`select set_config('statement_timeout', $1, true)`, [String(timeoutMs)]);
        const { text, values } = stretchQuery(stretch);
        const { rows } = await client.query<StretchRow>(text, values);
        return rows[0];
      });
    } catch (error) {
      if (isTimeout(error)) return undefined;
      throw error;
    }
  }

  /** `undefined` where it is gone by now. */
  async event(tenant: string, seq: number): Promise<DeliverableEvent | undefined> {
    const { rows } = await this.reader.read(tenant, seq, { maxEvents: 1, maxBytes: 1 });
    return rows.find((row) => row.seq === seq);
  }
}

/** query_canceled: the statement's own time limit. */
function isTimeout(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === '57014';
}
