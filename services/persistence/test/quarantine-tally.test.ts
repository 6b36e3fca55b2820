// Two partitions put a tenant's first rows of the day into quarantine at the same time: neither may overwrite what the other counted.
import { createPool } from '@auditlane/storage';
import { eventually, freshDatabase } from '@auditlane/testing';
import type { QuarantineRow } from '../src/domain/quarantine-row';
import { writeQuarantine } from '../src/quarantine-store';

const caps = { rowsPerTenantAndDay: 100, rowsPerDay: 1_000 };
const today = new Date().toISOString().slice(0, 10);

const rowAt = (partition: number, tenant = 'acme'): QuarantineRow => ({
  day: today,
  topic: 'audit.events',
  partition,
  offset: 0,
  lastOffset: 0,
  reason: 'too_old',
  detail: '',
  tenant,
  action: '',
  recordTime: Date.now(),
  valueSha256: '',
  valueBytes: 2,
  excerpt: Buffer.from('{}'),
});

it('counts the rows of two transactions that overlap, to the unit', async () => {
  const db = await freshDatabase();
  const pool = createPool({ url: db.url('persistence'), max: 2, applicationName: 'test' });
  const [first, second] = [await pool.connect(), await pool.connect()];
  try {
    await writeQuarantine(first, [rowAt(2, 'globex')], caps);
    await first.query('begin');
    await second.query('begin');
    // Where the first one stands between its look at the tallies and its writing of them.
    await first.query("select 1 from audit.quarantine_tally where tenant_id = '*' for update");
    const waiting = writeQuarantine(second, [rowAt(1)], caps);
    await eventually(async () => {
      const { rowCount } = await db.pool.query(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return rowCount === 1;
    });
    await writeQuarantine(first, [rowAt(0)], caps);
    await first.query('commit');
    await waiting;
    await second.query('commit');
    const { rows } = await db.pool.query<{ tenant: string; kept: number }>(
      'select tenant_id as tenant, kept::int as kept from audit.quarantine_tally order by tenant_id collate "C"',
    );
    expect(rows).toEqual([
      { tenant: '*', kept: 3 },
      { tenant: 'acme', kept: 2 },
      { tenant: 'globex', kept: 1 },
    ]);
  } finally {
    first.release();
    second.release();
    await pool.end();
    await db.drop();
  }
});
