// Settings: every change raises the version once and is announced, nobody can forget it, and removing a destination takes all it had along.
import { randomUUID } from 'node:crypto';
import { Client, type Pool } from 'pg';
import { eventually, freshDatabase, type TestDatabase } from '@auditlane/testing';
import { createPool, withTenant } from '../src';

let db: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  db = await freshDatabase();
  pool = createPool({ url: db.url('query'), max: 2, applicationName: 'test' });
});
afterAll(() => pool.end());

const insert = `insert into settings.destinations (id, tenant_id, type, name, url) values ($1, 'acme', 'http', 'n', 'https://x.test') returning version`;
const version = async () =>
  (await pool.query<{ version: number }>('select version from settings.version')).rows[0]?.version ?? -1;

it('raises the version once per transaction, stamps the rows with it and tells the listeners', async () => {
  const listener = new Client({ connectionString: db.url('forwarder_http') });
  await listener.connect();
  const heard: (string | undefined)[] = [];
  listener.on('notification', ({ payload }) => heard.push(payload));
  await listener.query('listen settings_changed');
  const before = await version();
  await withTenant(pool, 'acme', async (client) => {
    const raised = await client.query<{ v: number }>('select settings.raise_version() as v');
    const first = await client.query<{ version: number }>(insert, [randomUUID()]);
    const second = await client.query<{ version: number }>(insert, [randomUUID()]);
    expect([raised.rows[0]?.v, first.rows[0]?.version, second.rows[0]?.version]).toEqual(
      Array<number>(3).fill(before + 1),
    );
  });
  await withTenant(pool, 'acme', async (client) => client.query('delete from settings.destinations'));
  expect(await version()).toBe(before + 2);
  await eventually(() => heard.length === 2);
  expect(heard).toEqual([String(before + 1), String(before + 2)]);
  await listener.end();
});

it('takes cursor, status, dead letters and gaps along when a destination is deleted, without rights of the query role on them', async () => {
  const id = randomUUID();
  await withTenant(pool, 'acme', async (client) => client.query(insert, [id]));
  const forwarder = createPool({ url: db.url('forwarder_http'), max: 1, applicationName: 'test' });
  await forwarder.query(
    `insert into delivery.cursor (destination_id, tenant_id, next_seq, state, reason) values ($1, 'acme', 1, 'parked', 'r')`,
    [id],
  );
  await forwarder.query(`insert into delivery.status (destination_id, tenant_id) values ($1, 'acme')`, [id]);
  await forwarder.query(
    `insert into delivery.dead_letter (destination_id, tenant_id, seq, event_id, reason) values ($1, 'acme', 1, 'e', 'r')`,
    [id],
  );
  await forwarder.query(
    `insert into delivery.gap (destination_id, tenant_id, from_seq, to_seq, reason) values ($1, 'acme', 1, 2, 'r')`,
    [id],
  );
  await withTenant(pool, 'acme', async (client) =>
    client.query('delete from settings.destinations where id = $1', [id]),
  );
  for (const table of ['cursor', 'status', 'dead_letter', 'gap']) {
    expect((await forwarder.query(`select 1 from delivery.${table}`)).rowCount).toBe(0);
  }
  await expect(
    forwarder.query(
      `insert into delivery.cursor (destination_id, tenant_id, next_seq, state, reason) values ($1, 'acme', 1, 'parked', 'r')`,
      [id],
    ),
  ).rejects.toMatchObject({ code: '23503' });
  await forwarder.end();
});
