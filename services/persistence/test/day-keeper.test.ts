// The daily work of the service on a real database, with a clock of the test's own.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { createPool, knownDays, makeDay } from '@auditlane/storage';
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import { DayKeeper } from '../src/day-keeper';
import { PersistenceMetrics } from '../src/metrics';

let db: TestDatabase;
let pool: ReturnType<typeof createPool>;
const dayMs = 86_400_000;
const day = (days: number) => new Date(Date.now() + days * dayMs).toISOString().slice(0, 10);

beforeEach(async () => {
  db = await freshDatabase();
  pool = createPool({ url: db.url('persistence'), max: 2, applicationName: 'test' });
});
afterEach(async () => {
  await pool.end();
  await db.drop();
});

/** One run of the daily work; returns what was measured. */
async function run(now: () => number): Promise<{ value(name: string): Promise<number | undefined> }> {
  const registry = new Registry();
  const metrics = new PersistenceMetrics(registry);
  const keeper = new DayKeeper(pool, {
    retentionDays: 30,
    intervalMs: 3_600_000,
    now,
    logger: pino({ level: 'silent' }),
    metrics,
  });
  await keeper.start();
  await keeper.idle();
  await keeper.stop();
  return { value: async (name) => (await registry.getSingleMetric(name)?.get())?.values[0]?.value };
}

it('makes a week ahead, drops one day a run, and says so', async () => {
  for (const age of [-32, -31, -30]) await makeDay(pool, day(age));
  const first = await run(Date.now);
  expect((await knownDays(pool))[0]).toBe(day(-31));
  expect((await knownDays(pool)).at(-1)).toBe(day(7));
  await run(Date.now);
  await run(Date.now);
  expect((await knownDays(pool))[0]).toBe(day(-30));
  expect(await first.value('auditlane_partitions_ahead_seconds')).toBeGreaterThan((7 * dayMs) / 1000);
  expect(await first.value('auditlane_retention_last_success_timestamp_seconds')).toBeGreaterThan(0);
});

it('drops nothing and raises the alarm when its clock leaps forty days ahead', async () => {
  await makeDay(pool, day(-31));
  const before = await knownDays(pool);
  await db.pool.query(`insert into audit.dedupe values ('acme', 'e', 1, 'h', audit.database_day() - 20, 0)`);
  const leapt = await run(() => Date.now() + 40 * dayMs);
  expect(await knownDays(pool)).toEqual(before);
  expect((await db.pool.query('select 1 from audit.dedupe')).rowCount).toBe(1);
  expect(await leapt.value('auditlane_retention_failures_total')).toBe(1);
  expect(await leapt.value('auditlane_retention_last_success_timestamp_seconds')).toBe(0);
});

it('forgets dedupe keys a week after their events, in chunks, and tallies with their day', async () => {
  await db.pool.query(
    `insert into audit.dedupe select 't' || n % 50, 'e' || n, n, 'h', audit.database_day() - 38, n from generate_series(1, 12000) n;
     insert into audit.dedupe select 't', 'kept' || n, n, 'h', audit.database_day() - 37, n from generate_series(1, 3) n;
     insert into audit.quarantine_tally values (audit.database_day() - 31, 'old', 1, 1), (audit.database_day() - 30, 'kept', 1, 1)`,
  );
  await run(Date.now);
  const { rows } = await db.pool.query<{ event_id: string }>('select event_id from audit.dedupe order by 1');
  expect(rows.map((row) => row.event_id)).toEqual(['kept1', 'kept2', 'kept3']);
  expect((await db.pool.query('select 1 from audit.quarantine_tally')).rowCount).toBe(1);
});
