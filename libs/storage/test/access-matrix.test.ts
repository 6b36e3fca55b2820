// Holds the live catalogue to the access matrix: what is granted, to whom, over which rows, and that going round a parent shows nothing.
import { Client } from 'pg';
import { type DatabaseRole, freshDatabase, type TestDatabase } from '@auditlane/testing';
import {
  accessMatrix,
  forwarderRoles,
  functionMatrix,
  keyRotationColumns,
  makeDays,
  type Privilege,
  serviceRoles,
} from '../src';

let db: TestDatabase;
const databaseRoles: readonly DatabaseRole[] = [
  'persistence',
  'query',
  'forwarder_splunk',
  'forwarder_http',
  'forwarder_elasticsearch',
];
const everyPrivilege = ['select', 'insert', 'update', 'delete', 'truncate', 'references', 'trigger'];
const schemas = `('audit', 'settings', 'delivery')`;

beforeAll(async () => {
  db = await freshDatabase();
  await makeDays(db.pool, 10);
  await db.pool.query(
    `insert into audit.events select t, 1, 'e', repeat('h', 43), audit.database_day(), now(), now(), 'a', 'a.b', 'c', '', 'x', false, null, null, '{}', 0
     from unnest(array['acme', 'globex']) t;
     insert into audit.tenant_head select t, 2, audit.database_day() from unnest(array['acme', 'globex']) t;
     insert into audit.quarantine select audit.database_day(), 't', 0, n, n, 'unstorable', '', t, '', now(), '', 0, ''
     from unnest(array['acme', 'globex', '']) with ordinality u(t, n);
     insert into audit.quarantine_tally select audit.database_day(), t, 1, 0 from unnest(array['acme', 'globex', '*']) t;
     insert into settings.destinations (id, tenant_id, type, name, url)
     select gen_random_uuid(), t, 'http', 'n', 'https://x.test' from unnest(array['acme', 'globex']) t;
     insert into delivery.cursor (destination_id, tenant_id, next_seq, state, reason) select id, tenant_id, 1, 'parked', 'r' from settings.destinations;
     insert into delivery.status (destination_id, tenant_id) select id, tenant_id from settings.destinations;
     insert into delivery.dead_letter (destination_id, tenant_id, seq, event_id, reason) select id, tenant_id, 1, 'e', 'r' from settings.destinations;
     insert into delivery.gap (destination_id, tenant_id, from_seq, to_seq, reason) select id, tenant_id, 1, 1, 'r' from settings.destinations;
     insert into delivery.replay (id, destination_id, tenant_id, kind, from_seq, to_seq) select id, id, tenant_id, 'range', 1, 1 from settings.destinations;
     insert into delivery.replay_letter (replay_id, tenant_id, seq) select id, tenant_id, 1 from delivery.replay;
     insert into delivery.replay_progress (replay_id, tenant_id, state, next_seq) select id, tenant_id, 'running', 1 from delivery.replay;
     insert into settings.webhook (tenant_id, url, secret) select t, 'https://x.test', '{}' from unnest(array['acme', 'globex']) t;
     insert into delivery.notification (destination_id, tenant_id, partition, failing_since, kind, id, body) select id, tenant_id, 0, now(), 'recovered', id, '{}' from settings.destinations;`,
  );
});

async function as<T>(role: DatabaseRole, fn: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: db.url(role) });
  await client.connect();
  try {
    return await fn(client);
  } finally {
    await client.end();
  }
}
const column = async (sql: string, values: unknown[] = []): Promise<unknown[]> =>
  (await db.pool.query<unknown[]>({ text: sql, values, rowMode: 'array' })).rows.map((row) => row[0]);
const tenants = async (client: Client, table: string) =>
  (await client.query<{ tenant_id: string }>(`select tenant_id from ${table} order by 1`)).rows.map(
    (row) => row.tenant_id,
  );

const partitions = `
  select inhrelid from pg_inherits i join pg_class c on c.oid = i.inhrelid join pg_namespace n on n.oid = c.relnamespace where nspname in ${schemas} and relkind = 'r'`;

describe('the matrix', () => {
  it('names every table there is', async () => {
    const tables = await column(
      `select nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = relnamespace
       where nspname in ${schemas} and relkind in ('r', 'p') and not relispartition and relname <> 'schema_migrations' order by 1`,
    );
    expect(tables).toEqual(accessMatrix.map(({ table }) => table).sort());
  });

  it.each(serviceRoles)('says exactly what %s may do', async (role) => {
    const matrixRole = forwarderRoles.includes(role) ? 'auditlane_forwarder' : role;
    for (const { table, access } of [...accessMatrix, { table: 'audit.schema_migrations', access: [] }]) {
      const expected: readonly Privilege[] = access.find((entry) => entry.role === matrixRole)?.privileges ?? [];
      const granted = await column(
        `select p from unnest($1::text[]) p where has_table_privilege($2, $3, p) order by 1`,
        [everyPrivilege, role, table],
      );
      expect({ table, granted }).toEqual({ table, granted: [...expected].sort() });
    }
  });

  it('gives the rotation of keys the sealed columns, all tenants’, and nothing else', async () => {
    for (const privilege of ['select', 'insert', 'update', 'references']) {
      const granted = await column(
        `select nspname || '.' || relname || '.' || attname from pg_attribute a join pg_class c on c.oid = attrelid join pg_namespace n on n.oid = relnamespace
         where nspname in ${schemas} and relkind in ('r', 'p') and attnum > 0 and not attisdropped
           and has_column_privilege('auditlane_key_rotation', c.oid, attnum, $1) order by 1`,
        [privilege],
      );
      const expected = Object.entries(keyRotationColumns).flatMap(([table, columns]) =>
        privilege === 'select' || privilege === 'update' ? columns[privilege].map((name) => `${table}.${name}`) : [],
      );
      expect({ privilege, granted }).toEqual({ privilege, granted: expected });
    }
  });

  it('says who may call the functions, and the migrator’s have a fixed search_path', async () => {
    for (const [name, callers] of Object.entries(functionMatrix)) {
      const allowed = await column(
        `select r from unnest($1::text[]) r where has_function_privilege(r, (select oid from pg_proc where oid::regproc::text = $2), 'execute')`,
        [serviceRoles, name],
      );
      expect({ name, allowed }).toEqual({ name, allowed: [...callers] });
    }
    const open = await column(
      `select oid::regproc::text from pg_proc p where prosecdef and pronamespace in (select oid from pg_namespace where nspname in ${schemas})
         and not coalesce(array_to_string(proconfig, ','), '') like '%search_path=pg_catalog, pg_temp%'`,
    );
    expect(open).toEqual([]);
  });
});

describe('service roles', () => {
  it('own nothing, and are neither superusers nor past row-level security nor members of the owner', async () => {
    const owned = `select relname::text from pg_class where pg_get_userbyid(relowner) = any($1)
      union all select proname from pg_proc where pg_get_userbyid(proowner) = any($1)
      union all select nspname from pg_namespace where pg_get_userbyid(nspowner) = any($1)
      union all select datname from pg_database where pg_get_userbyid(datdba) = any($1)`;
    expect(await column(owned, [[...serviceRoles, 'auditlane_forwarder']])).toEqual([]);
    const mighty = `select rolname from pg_roles where rolname = any($1)
      and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication or pg_has_role(rolname, 'auditlane_migrator', 'member'))`;
    expect(await column(mighty, [[...serviceRoles, 'auditlane_forwarder']])).toEqual([]);
  });

  it.each(databaseRoles)(
    '%s gives locks up: five seconds for waiting and for standing still in a transaction',
    async (role) => {
      await as(role, async (client) => {
        for (const name of ['lock_timeout', 'idle_in_transaction_session_timeout']) {
          expect((await client.query<Record<string, string>>(`show ${name}`)).rows[0]?.[name]).toBe('5s');
        }
      });
    },
  );
});

describe('partitions', () => {
  it('have row-level security enabled and forced like their parents, and no grants', async () => {
    const open = await column(
      `select c.oid::regclass::text from pg_class c where c.oid in (${partitions}) and (relacl is not null and relacl::text ~ 'auditlane_(persistence|query|forwarder)'
         or exists (select from pg_inherits i join pg_class p on p.oid = i.inhparent where i.inhrelid = c.oid
           and (p.relrowsecurity, p.relforcerowsecurity) is distinct from (c.relrowsecurity, c.relforcerowsecurity)))`,
    );
    expect(open).toEqual([]);
    const guarded = await column(
      `select nspname || '.' || relname from pg_class c join pg_namespace n on n.oid = relnamespace
       where nspname in ${schemas} and not relispartition and relrowsecurity and relforcerowsecurity order by 1`,
    );
    expect(guarded).toEqual(
      accessMatrix
        .filter(({ rowSecurity }) => rowSecurity)
        .map(({ table }) => table)
        .sort(),
    );
  });

  it.each(databaseRoles)('are closed to %s, each of them, for reading and writing', async (role) => {
    const names = await column(`select c.oid::regclass::text from pg_class c where c.oid in (${partitions})`);
    expect(names.length).toBeGreaterThanOrEqual(16 + 2 * 11);
    await as(role, async (client) => {
      await client.query(`select set_config('auditlane.tenant', 'acme', false)`);
      for (const name of names) {
        await expect(client.query(`select * from ${String(name)}`)).rejects.toMatchObject({ code: '42501' });
        await expect(client.query(`delete from ${String(name)}`)).rejects.toMatchObject({ code: '42501' });
      }
    });
  });
});

describe('events', () => {
  it.each(databaseRoles)('cannot be changed or deleted by %s', async (role) => {
    await as(role, async (client) => {
      await client.query(`select set_config('auditlane.tenant', 'acme', false)`);
      for (const statement of [
        'update audit.events set actor = null',
        'delete from audit.events',
        'truncate audit.events',
      ]) {
        await expect(client.query(statement)).rejects.toMatchObject({ code: '42501' });
      }
    });
  });

  it('are append-only even for a superuser who does not take the trigger away first', async () => {
    await expect(db.pool.query(`update audit.events set actor = 'someone else'`)).rejects.toThrow('append-only');
    await expect(db.pool.query('delete from audit.events')).rejects.toThrow('append-only');
  });
});

describe('row-level security', () => {
  it('shows a tenant’s rows only where its name is set, and none where no name is set', async () => {
    for (const { table, access } of accessMatrix) {
      for (const { role, rows, privileges } of access) {
        if (rows === 'all' || !privileges.includes('select')) continue;
        await as(role === 'auditlane_query' ? 'query' : 'forwarder_http', async (client) => {
          expect({ table, role, seen: await tenants(client, table) }).toEqual({ table, role, seen: [] });
          await client.query(`begin; select set_config('auditlane.tenant', 'acme', true)`);
          expect({ table, role, seen: await tenants(client, table) }).toEqual({ table, role, seen: ['acme'] });
          await client.query('commit');
          // After a transaction that set it, the setting is the empty string, not unset.
          expect({ table, role, seen: await tenants(client, table) }).toEqual({ table, role, seen: [] });
        });
      }
    }
  });

  it('shows operators the quarantine and the health of all tenants, and no events', async () => {
    await as('query', async (client) => {
      await client.query(`select set_config('auditlane.operator', 'on', false)`);
      expect(await tenants(client, 'audit.quarantine')).toEqual(['', 'acme', 'globex']);
      expect(await tenants(client, 'delivery.status')).toEqual(['acme', 'globex']);
      expect(await tenants(client, 'audit.events')).toEqual([]);
      expect(await tenants(client, 'settings.destinations')).toEqual([]);
    });
  });

  it('refuses to write another tenant’s destination', async () => {
    await as('query', async (client) => {
      await client.query(`select set_config('auditlane.tenant', 'acme', false)`);
      const insert = `insert into settings.destinations (id, tenant_id, type, name, url) values (gen_random_uuid(), $1, 'http', 'n', 'https://x.test')`;
      await expect(client.query(insert, ['globex'])).rejects.toMatchObject({ code: '42501' });
      await expect(client.query(`update settings.destinations set tenant_id = 'globex'`)).rejects.toMatchObject({
        code: '42501',
      });
      expect((await client.query(`delete from settings.destinations where tenant_id = 'globex'`)).rowCount).toBe(0);
    });
  });
});
