// Draining reads: in order of seq, within the limits asked for, with the head of the same moment, one tenant only.
import type { Pool } from 'pg';
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import { createPool, EventReader } from '../src';

let db: TestDatabase;
let pool: Pool;
let reader: EventReader;

beforeAll(async () => {
  db = await freshDatabase();
  pool = createPool({ url: db.url('forwarder_splunk'), max: 2, applicationName: 'test' });
  reader = new EventReader(pool);
  await db.pool.query(
    `insert into audit.events
     select t, n, 'id-' || n, repeat('h', 43), audit.database_day() + (n / 5)::int, to_timestamp(1764000000.123), to_timestamp(1763999999.5), 'users',
       'users.user_created', 'User actions', 'Prod', 'jane@acme.test', n = 3, '{"a": 1}', 'd', '{"text":"' || repeat('ü', 50) || '"}', n * 2
     from unnest(array['acme', 'globex']) t, generate_series(1, 9) n;
     insert into audit.tenant_head values ('acme', 10, audit.database_day() + 1), ('globex', 10, audit.database_day() + 1);`,
  );
});
afterAll(async () => pool.end());

const all = { maxEvents: 100, maxBytes: 1_000_000 };
const seqs = async (from: number, limits: { maxEvents: number; maxBytes: number; fromDay?: string }) =>
  (await reader.read('acme', from, limits)).rows.map((row) => row.seq);

it('reads a tenant’s events from a seq on, with everything a destination needs', async () => {
  const { rows, head } = await reader.read('acme', 3, all);
  expect(head).toBe(9);
  expect(rows.map((row) => row.seq)).toEqual([3, 4, 5, 6, 7, 8, 9]);
  expect(rows[0]).toMatchObject({
    canonical: Buffer.from(`{"text":"${'ü'.repeat(50)}"}`),
    headers: {
      tenant: 'acme',
      id: 'id-3',
      contentHash: 'h'.repeat(43),
      action: 'users.user_created',
      area: 'users',
      category: 'User actions',
      occurredAt: 1_763_999_999_500,
      receivedAt: 1_764_000_000_123,
      workspace: 'Prod',
      actor: 'jane@acme.test',
      clockSkew: true,
      seq: 3,
      acceptedOffset: 6,
    },
  });
});

it('stops at the number of events and at the bytes asked for, but returns one event even where it alone is more', async () => {
  expect(await seqs(1, { ...all, maxEvents: 2 })).toEqual([1, 2]);
  expect(await seqs(1, { ...all, maxBytes: 1 })).toEqual([1]);
  expect(await seqs(1, { ...all, maxBytes: 112 })).toEqual([1, 2]);
});

it('leaves earlier days alone where the day of the row before is known', async () => {
  const day = (await reader.read('acme', 5, all)).rows[0]?.storedDay ?? '';
  expect(await seqs(5, { ...all, fromDay: day })).toEqual([5, 6, 7, 8, 9]);
});

it('tells an empty tail from a gap by the head', async () => {
  expect(await reader.read('acme', 10, all)).toEqual({ rows: [], head: 9 });
  expect(await reader.read('nobody', 1, all)).toEqual({ rows: [], head: 0 });
});

it('leaves no tenant set on the connection it used', async () => {
  await reader.read('acme', 1, all);
  expect((await pool.query('select 1 from audit.events')).rowCount).toBe(0);
});
