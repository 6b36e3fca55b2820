// Guarantee 7: retention drops whole days, the 31st and never the 30th, so that what goes is the beginning of each tenant's seq.
import { eventually, throughout, temporaryDirectory, type ServiceEnvironment } from '@auditlane/testing';
import { dropDay, knownDays } from '@auditlane/storage';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Pool } from 'pg';
import { openLine, type Line } from '../support/line';
import { rowsOf, untilStored } from '../support/rows';
import { trafficOf } from '../support/traffic';

jest.setTimeout(120_000);

const perDay = 3;
const hour = 3_600_000;
const day = 24 * hour;
const everyMoment = { AUDITLANE_MAINTENANCE_INTERVAL_MS: '100' };

let line: Line;
let today: string;
beforeEach(async () => {
  line = await openLine();
  const { rows } = await line.db.pool.query<{ today: string }>('select audit.database_day()::text as today');
  today = rows[0]?.today ?? '';
});
afterEach(async () => line.close());

const daysAgo = (days: number): string => new Date(Date.parse(today) - days * day).toISOString().slice(0, 10);

/** Stores a few events of a tenant as they were stored so many days ago, in the order of its seq, with their dedupe keys. */
async function storeLongAgo(tenant: string, ages: readonly number[]): Promise<void> {
  const { pool } = line.db;
  for (const [index, age] of ages.entries()) {
    await pool.query('select audit.make_day($1::date)', [daysAgo(age)]);
    await pool.query(
      `with made as (select $1::text as tenant, $2::date as day, $3::int + n as seq from generate_series(1, $4::int) n),
       keys as (
         insert into audit.dedupe (tenant_id, event_id, seq, content_hash, stored_day, accepted_offset)
         select tenant, 'old-' || seq, seq, repeat('x', 43), day, seq from made)
       insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace,
         actor, clock_skew, canonical, accepted_offset)
       select tenant, seq, 'old-' || seq, repeat('x', 43), day, day, day, 'workflows', 'workflows.workflow_created', 'User actions', '', 'jane', false,
         '{}', seq from made`,
      [tenant, daysAgo(age), index * perDay, perDay],
    );
  }
  await pool.query('insert into audit.tenant_head (tenant_id, next_seq, stored_day) values ($1, $2, $3)', [
    tenant,
    ages.length * perDay + 1,
    daysAgo(ages.at(-1) ?? 0),
  ]);
}

const seqsOf = async (tenant: string): Promise<number[]> => (await rowsOf(line, tenant)).map(({ seq }) => seq);

async function untilOldestDayIs(oldest: string): Promise<void> {
  await eventually(async () => {
    expect((await knownDays(line.db.pool))[0]).toBe(oldest);
    return true;
  });
}

/** A service whose own clock is off: its Date is moved before its first line runs. */
function withClockMovedBy(ms: number): ServiceEnvironment {
  const folder = temporaryDirectory('clock');
  const file = join(folder.path, 'clock.cjs');
  writeFileSync(
    file,
    `const now = Date.now; Date.now = () => now() + ${ms};
     globalThis.Date = new Proxy(Date, { construct: (D, args) => (args.length ? new D(...args) : new D(Date.now())) });`,
  );
  return { NODE_OPTIONS: `--require ${file}` };
}

it('drops the 31st day and keeps the 30th: the beginning of each seq goes, what follows stays and is added to', async () => {
  await storeLongAgo('acme', [33, 32, 31, 30, 29, 1]);
  await storeLongAgo('globex', [31, 30]);
  await storeLongAgo('initech', [30]);
  await Promise.all([line.start('ingestion'), line.start('persistence', everyMoment)]);
  await untilOldestDayIs(daysAgo(30));
  await line.publish(trafficOf(2, { of: ['acme', 'globex', 'initech'] }));
  await untilStored(line, 9 + 3 + 3 + 6);

  expect(await seqsOf('acme')).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]);
  expect(await seqsOf('globex')).toEqual([4, 5, 6, 7, 8]);
  expect(await seqsOf('initech')).toEqual([1, 2, 3, 4, 5]);
  expect((await knownDays(line.db.pool))[0]).toBe(daysAgo(30));
});

it('forgets dedupe keys a week after their events, and not before', async () => {
  await storeLongAgo('acme', [38, 37, 31]);
  const persistence = await line.start('persistence', everyMoment);
  await untilOldestDayIs(today);
  const { rows } = await line.db.pool.query<{ seq: number }>('select seq::int from audit.dedupe order by seq');
  expect(rows.map(({ seq }) => seq)).toEqual([4, 5, 6, 7, 8, 9]);
  expect((await persistence.metrics()).value('auditlane_retention_failures_total')).toBe(0);
});

it.each([
  ['a service whose clock is 40 days ahead', 40 * day],
  ['a service whose clock is two hours ahead', 2 * hour],
])('drops nothing for %s, and says so', async (_whose, aheadMs) => {
  await storeLongAgo('acme', [31, 30, 1]);
  const persistence = await line.start('persistence', { ...everyMoment, ...withClockMovedBy(aheadMs) });
  await eventually(async () => ((await persistence.metrics()).value('auditlane_retention_failures_total') ?? 0) >= 3);
  expect(await seqsOf('acme')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(persistence.logs()).toContain('the clocks disagree');
});

it('lets a slow clock keep days longer, and never drops by the database’s clock alone', async () => {
  await storeLongAgo('acme', [31, 30]);
  const persistence = await line.start('persistence', { ...everyMoment, ...withClockMovedBy(-2 * day) });
  await throughout(async () => expect(await seqsOf('acme')).toEqual([1, 2, 3, 4, 5, 6]), { forMs: 1_000 });
  expect(persistence.isRunning()).toBe(true);
});

describe('as the service’s role', () => {
  let role: Pool;
  beforeEach(async () => {
    await storeLongAgo('acme', [32, 31, 30, 1]);
    role = new Pool({ connectionString: line.db.url('persistence'), max: 1 });
  });
  afterEach(async () => role.end());

  it.each<[string, number, number, string]>([
    ['the 30th day', 30, 0, 'AL002'],
    ['yesterday', 1, 0, 'AL002'],
    ['the 30th day by a clock that is a day ahead', 30, day, 'AL001'],
    ['the 32nd day by a clock that is two hours behind', 32, -2 * hour, 'AL001'],
    ['the 31st day before the 32nd', 31, 0, 'AL003'],
  ])('%s cannot be dropped', async (_what, age, aheadMs, code) => {
    await expect(dropDay(role, daysAgo(age), new Date(Date.now() + aheadMs))).rejects.toMatchObject({ code });
    expect(await seqsOf('acme')).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it.each([
    ['dropping its table', 'drop table audit.events_$'],
    ['detaching it', 'alter table audit.events detach partition audit.events_$'],
    ['emptying it', 'truncate audit.events_$'],
    ['deleting events', 'delete from audit.events'],
    ['changing events', `update audit.events set details = 'changed'`],
    ['deleting from the day itself', 'delete from audit.events_$'],
  ])('no day goes another way: %s is refused', async (_how, statement) => {
    const sql = statement.replace('$', daysAgo(32).replaceAll('-', ''));
    await expect(role.query(sql)).rejects.toMatchObject({ code: '42501' });
    expect(await seqsOf('acme')).toHaveLength(12);
  });
});
