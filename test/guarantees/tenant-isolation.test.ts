// Guarantee 6: no tenant sees another's data, neither over the API nor as any role of the database, nor past a table through its partitions.
import { Pool } from 'pg';
import { accessMatrix, serviceRoles, withTenant } from '@auditlane/storage';
import { startOidcServer, temporaryDirectory, type DatabaseRole } from '@auditlane/testing';
import { createDestination, type Destination } from '../support/destinations';
import { openDeliveryLine, type Answer, type DeliveryLine } from '../support/delivery-line';
import { rowsOf, untilStored } from '../support/rows';
import { trafficOf } from '../support/traffic';

jest.setTimeout(120_000);

const [mine, theirs] = ['acme', 'globex'] as const;
const address = {
  type: 'http',
  url: 'https://siem.globex.test:8443/events',
  token: 'canary-token-of-theirs-0123',
  options: {},
  caPem: null,
} as const;

const roles = ['persistence', 'query', 'forwarder_splunk', 'forwarder_http', 'forwarder_elasticsearch'] as const;

let line: DeliveryLine;
let destination: Destination;
beforeAll(async () => {
  line = await openDeliveryLine({ receivers: [], reachable: [address.url] });
  await line.publish([...trafficOf(5, { of: [mine, theirs] }), ...trafficOf(1, { from: 100, of: [theirs] })]);
  await line.publish(['{"tenantId":"globex"}']);
  await untilStored(line, 11);
  destination = await createDestination(line, theirs, address);
  const { pool } = line.db;
  for (const [table, columns, values] of [
    ['cursor', 'next_seq, state, reason', `1, 'parked', 'started'`],
    ['dead_letter', 'seq, event_id, reason, code, words, excerpt', `1, 'e', 'r', 'c', 'w', 'x'`],
    ['gap', 'from_seq, to_seq, reason', `1, 2, 'retention'`],
  ] as const)
    await pool.query(
      `insert into delivery.${table} (destination_id, tenant_id, ${columns}) values ($1, $2, ${values})`,
      [destination.id, theirs],
    );
});
const pools: Pool[] = [];
/** One connection, so that what is left on it is found. */
function poolOf(role: DatabaseRole): Pool {
  const pool = new Pool({ connectionString: line.db.url(role), max: 1 });
  pools.push(pool);
  return pool;
}
afterEach(async () => Promise.all(pools.splice(0).map(async (pool) => pool.end())));
afterAll(async () => line.close());

it('covers each role that a service has', () => {
  expect(roles.map((role) => `auditlane_${role}`)).toEqual(serviceRoles);
});

describe('over the API', () => {
  const asMe = async (path: string, role: 'viewer' | 'settings-admin' = 'viewer', call: object = {}): Promise<Answer> =>
    line.call(path, { tenant: mine, role, ...call });
  const items = (answer: Answer): { readonly tenantId: string }[] => Object(answer.body).items;

  it('a list holds events of the tenant of the token alone, whatever the request says', async () => {
    expect(items(await asMe('/events')).map(({ tenantId }) => tenantId)).toEqual(Array(5).fill(mine));
    for (const headers of [{ 'x-tenant': theirs }, { 'x-tenant-id': theirs }, { tenant: theirs }])
      expect(items(await asMe('/events', 'viewer', { headers })).every(({ tenantId }) => tenantId === mine)).toBe(true);
    for (const query of [`tenantId=${theirs}`, `tenant=${theirs}`, `tenant_id=${theirs}&tenant_id=${mine}`])
      expect((await asMe(`/events?${query}`)).status).toBe(400);
  });

  it("another tenant's event, destination and cursor are answered like one that does not exist", async () => {
    const absent = await asMe('/events/absent');
    expect(absent.status).toBe(404);
    expect(await asMe('/events/event-00100')).toEqual(absent);
    const { body } = await line.call('/events?limit=1', { tenant: theirs, role: 'viewer' });
    expect((await asMe(`/events?limit=1&cursor=${Object(body).nextCursor}`)).status).toBe(400);

    const nowhere = '/destinations/00000000-0000-4000-8000-000000000000';
    expect(items(await asMe('/destinations', 'settings-admin'))).toEqual([]);
    for (const call of [
      {},
      { method: 'DELETE', headers: { 'if-match': '"1"' } },
      { method: 'PUT', headers: { 'if-match': '"1"' }, json: { name: 'taken', enabled: false, ...address } },
    ]) {
      const missing = await asMe(nowhere, 'settings-admin', call);
      expect(missing.status).toBe(404);
      expect(await asMe(`/destinations/${destination.id}`, 'settings-admin', call)).toEqual(missing);
    }
    expect(
      (await line.call(`/destinations/${destination.id}`, { tenant: theirs, role: 'settings-admin' })).status,
    ).toBe(200);
  });

  it('a token of another issuer opens nothing, though it names the tenant', async () => {
    const directory = temporaryDirectory('foreign-issuer');
    const foreign = await startOidcServer({ port: 0, dataDir: directory.path, tenants: [mine] });
    const response = await fetch(`${line.query.httpUrl}/api/v1/events`, {
      headers: { authorization: `Bearer ${await foreign.token(mine, 'operator')}` },
    });
    expect(response.status).toBe(401);
    await foreign.close();
    directory.remove();
  });
});

/** The tables that a role may read; some show it a tenant's rows only. */
const readableBy = (name: string) =>
  accessMatrix.flatMap(({ table, access }) =>
    access
      .filter(({ role, privileges }) => `auditlane_${name}`.startsWith(role) && privileges.includes('select'))
      .map(({ rows }) => ({ table, rows })),
  );

describe.each(roles)('as the role of %s', (name) => {
  const role = `auditlane_${name}`;

  it('a table that is none of its business cannot be read, events by persistence among them', async () => {
    const pool = poolOf(name);
    const others = accessMatrix
      .map(({ table }) => table)
      .filter((table) => !readableBy(name).some((own) => own.table === table));
    expect(others.includes('audit.events')).toBe(name === 'persistence');
    for (const table of others)
      await expect(pool.query(`select * from ${table}`)).rejects.toMatchObject({ code: '42501' });
  });

  it('a partition cannot be read past its table, and nothing can be changed there', async () => {
    const pool = poolOf(name);
    const { rows } = await line.db.pool.query<{ part: string }>(
      `select i.inhrelid::regclass::text as part from pg_inherits i join pg_class c on c.oid = i.inhparent
       where c.relnamespace in ('audit'::regnamespace, 'settings'::regnamespace, 'delivery'::regnamespace) and c.relkind = 'p'`,
    );
    // Today and a week ahead, of events and quarantine, and the dedupe keys' parts.
    expect(rows.length).toBeGreaterThanOrEqual(2 * 8 + 16);
    for (const { part } of rows)
      for (const statement of ['select * from $', 'delete from $', 'truncate $'])
        await expect(pool.query(statement.replace('$', part))).rejects.toMatchObject({ code: '42501' });
  });

  it('the service is neither owner nor superuser, and becomes nobody else', async () => {
    const pool = poolOf(name);
    const { rows } = await line.db.pool.query(
      `select rolsuper, rolbypassrls, rolcreaterole, (select count(*)::int from pg_class where relowner = r.oid) as owned
       from pg_roles r where rolname = $1`,
      [role],
    );
    expect(rows).toEqual([{ rolsuper: false, rolbypassrls: false, rolcreaterole: false, owned: 0 }]);
    for (const other of ['auditlane_migrator', ...serviceRoles].filter((candidate) => candidate !== role))
      await expect(pool.query(`set role ${other}`)).rejects.toMatchObject({ code: '42501' });
  });
});

it.each(
  roles.flatMap((name) =>
    readableBy(name)
      .filter(({ rows }) => rows !== 'all')
      .map(({ table }) => [name, table] as const),
  ),
)('to the role of %s, %s shows a tenant its own rows, and without a tenant none', async (name, table) => {
  const pool = poolOf(name);
  const { rows } = await line.db.pool.query<{ own: number; others: number }>(
    `select count(*) filter (where tenant_id = $1)::int as own, count(*) filter (where tenant_id <> $1)::int as others from ${table}`,
    [mine],
  );
  if (table === 'audit.events') expect(rows).toEqual([{ own: 5, others: 6 }]);
  const seen = await withTenant(pool, mine, async (client) => client.query(`select tenant_id from ${table}`));
  expect(seen.rows).toEqual(Array.from({ length: rows[0]?.own ?? 0 }, () => ({ tenant_id: mine })));
  // A connection goes back to the pool without the tenant that it was used for.
  expect((await pool.query(`select 1 from ${table}`)).rowCount).toBe(0);
  for (const nobody of ['', '%', "' or true --"])
    await withTenant(pool, nobody, async (client) => {
      expect((await client.query(`select 1 from ${table}`)).rowCount).toBe(0);
    });
});

it('row-level security is forced on every table and partition that holds events, quarantine or settings', async () => {
  const guarded = accessMatrix.filter(({ rowSecurity }) => rowSecurity).map(({ table }) => table);
  const { rows } = await line.db.pool.query<{ name: string; forced: boolean }>(
    `select c.oid::regclass::text as name, c.relrowsecurity and c.relforcerowsecurity as forced from pg_class c
     where c.oid = any($1::regclass[]) or c.oid in (select inhrelid from pg_inherits where inhparent = any($1::regclass[]))`,
    [guarded],
  );
  expect(rows.length).toBeGreaterThan(guarded.length);
  expect(rows.filter(({ forced }) => !forced)).toEqual([]);
});

it("query cannot put a destination into another tenant's name, nor take one over", async () => {
  const pool = poolOf('query');
  await withTenant(pool, mine, async (client) => {
    expect((await client.query('delete from settings.destinations')).rowCount).toBe(0);
    expect((await client.query(`update settings.destinations set tenant_id = $1`, [mine])).rowCount).toBe(0);
  });
  const copied = withTenant(pool, mine, async (client) =>
    client.query(
      `insert into settings.destinations (id, tenant_id, type, name, enabled, url, options, filter, token, token_last4, version, start_seq, start_version)
       values (gen_random_uuid(), $1, 'http', 'n', true, 'https://x.test', '{}', '', '{}', '0123', 1, 1, 1)`,
      [theirs],
    ),
  );
  await expect(copied).rejects.toMatchObject({ code: '42501' });
  expect(await rowsOf(line, theirs)).toHaveLength(6);
});
