// Retention on the real database: the 31st day goes, the 30th stays, and the two clocks have to agree before anything goes.
import type { Pool } from 'pg';
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import { createPool, dropDay, knownDays, makeDay, makeDays } from '../src';

let db: TestDatabase;
let pool: Pool;
const dayMs = 86_400_000;

beforeEach(async () => {
  db = await freshDatabase();
  pool = createPool({ url: db.url('persistence'), max: 2, applicationName: 'test' });
});
afterEach(async () => {
  await pool.end();
  await db.drop();
});

async function today(): Promise<number> {
  const { rows } = await db.pool.query<{ day: string }>('select audit.database_day()::text as day');
  return Date.parse(rows[0]?.day ?? '');
}
const day = (from: number, days: number) => new Date(from + days * dayMs).toISOString().slice(0, 10);

describe('make_day', () => {
  it('makes today and the days ahead, and is content where they are there', async () => {
    const start = await today();
    expect(await makeDays(pool, 9)).toBe(day(start, 9));
    expect(await makeDays(pool, 9)).toBe(day(start, 9));
    expect(await knownDays(pool)).toEqual(Array.from({ length: 10 }, (_, n) => day(start, n)));
  });

  it('is safe for several callers at once', async () => {
    const start = await today();
    await Promise.all([makeDays(pool, 12), makeDays(pool, 12)]);
    expect((await knownDays(pool)).at(-1)).toBe(day(start, 12));
  });

  it('refuses days that nobody can need, so that a wrong clock cannot litter the database', async () => {
    const start = await today();
    await expect(makeDay(pool, day(start, 32))).rejects.toThrow('out of range');
    await expect(makeDay(pool, day(start, -39))).rejects.toThrow('out of range');
  });
});

describe('drop_day', () => {
  it('drops the 31st day and keeps the 30th', async () => {
    const start = await today();
    await makeDay(pool, day(start, -31));
    await makeDay(pool, day(start, -30));
    const now = new Date();
    expect(await dropDay(pool, day(start, -31), now)).toBe(true);
    await expect(dropDay(pool, day(start, -30), now)).rejects.toMatchObject({ code: 'AL002' });
    expect((await knownDays(pool))[0]).toBe(day(start, -30));
    expect(await dropDay(pool, day(start, -31), now)).toBe(false);
  });

  it('drops nothing where the caller’s clock runs away, in either direction, and nothing is old enough by one clock only', async () => {
    const start = await today();
    await makeDay(pool, day(start, -31));
    for (const leap of [2 * 3_600_000, -2 * 3_600_000, 40 * dayMs]) {
      await expect(dropDay(pool, day(start, -31), new Date(Date.now() + leap))).rejects.toMatchObject({
        code: 'AL001',
      });
    }
    await expect(dropDay(pool, day(start, 0), new Date(Date.now() + 40 * dayMs))).rejects.toMatchObject({
      code: 'AL001',
    });
    expect(await knownDays(pool)).toContain(day(start, -31));
  });

  it('drops the oldest day first: what goes is a prefix of every tenant’s seq', async () => {
    const start = await today();
    await makeDay(pool, day(start, -32));
    await makeDay(pool, day(start, -31));
    await expect(dropDay(pool, day(start, -31), new Date())).rejects.toMatchObject({ code: 'AL003' });
    expect(await dropDay(pool, day(start, -32), new Date())).toBe(true);
    expect(await dropDay(pool, day(start, -31), new Date())).toBe(true);
  });

  it('gives up after two seconds where a reader is in the way, instead of stopping all others behind it', async () => {
    const start = await today();
    await makeDay(pool, day(start, -31));
    const reader = await db.pool.connect();
    await reader.query('begin; select count(*) from audit.events');
    await expect(dropDay(pool, day(start, -31), new Date())).rejects.toMatchObject({ code: '55P03' });
    await reader.query('rollback');
    reader.release();
    expect(await dropDay(pool, day(start, -31), new Date())).toBe(true);
  });

  it('is open to the persistence role only', async () => {
    const query = createPool({ url: db.url('query'), max: 1, applicationName: 'test' });
    await expect(dropDay(query, '2020-01-01', new Date())).rejects.toMatchObject({ code: '42501' });
    await query.end();
  });
});
