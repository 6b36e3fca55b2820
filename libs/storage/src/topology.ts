// Compares what a service was configured with and what the database was set up for, before the first record is touched.
import type { Pool } from 'pg';

export interface Topology {
  readonly partitions: number;
  readonly retentionDays: number;
}

/** @throws where the database was never migrated, or a setting differs from what is recorded; the message names the setting. */
export async function assertTopology(pool: Pool, expected: Partial<Topology>): Promise<Topology> {
  const recorded = await readTopology(pool);
  if (expected.partitions !== undefined && expected.partitions !== recorded.partitions) {
    throw new Error(
      `AUDITLANE_PARTITIONS is ${expected.partitions}, but the database was set up for ${recorded.partitions}`,
    );
  }
  if (expected.retentionDays !== undefined && expected.retentionDays !== recorded.retentionDays) {
    throw new Error(
      `AUDITLANE_RETENTION_DAYS is ${expected.retentionDays}, but the database records ${recorded.retentionDays}: run \`npm run migrate\` with the new value first`,
    );
  }
  return recorded;
}

async function readTopology(pool: Pool): Promise<Topology> {
  const { rows } = await pool.query<{ partitions: number; retention_days: number }>(
    'select partitions, retention_days from audit.topology',
  );
  const row = rows[0];
  if (!row) throw new Error('the database records no topology: run `npm run migrate` first');
  return { partitions: row.partitions, retentionDays: row.retention_days };
}
