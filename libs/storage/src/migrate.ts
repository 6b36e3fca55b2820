// Brings a database to the current schema: roles, schemas, migrations, topology, days. Safe to run again at any time, and by several at once.
import { Client } from 'pg';
import { makeDays } from './days';
import { migrationDataSource } from './migration-data-source';
import { mayMakeRoles, type Passwords, prepareRoles } from './prepare-roles';
import { forwarderGroupRole, keyRotationRole, migratorRole, serviceRoles } from './roles';

export interface MigrateOptions {
  readonly partitions: number;
  readonly retentionDays?: number;
  readonly passwords?: Passwords;
}

const schemas = ['audit', 'settings', 'delivery'] as const;

/** `url` names a role that may make roles (the first time), or auditlane_migrator itself. */
export async function migrate(url: string, options: MigrateOptions): Promise<{ applied: readonly string[] }> {
  const client = new Client({ connectionString: url, application_name: 'auditlane-migrate', keepAlive: true });
  await client.connect();
  try {
    // Held by the session: a second migration of this database waits here and then finds everything done.
    await client.query(`select pg_advisory_lock(hashtextextended('auditlane.migrate', 0))`);
    if (await mayMakeRoles(client)) await prepareRoles(client, options.passwords ?? {});
    await prepareSchemas(client);
    const applied = await runMigrations(url);
    await client.query(`set role ${migratorRole}`);
    await recordTopology(client, options.partitions, options.retentionDays ?? 30);
    await makeDays(client, 7);
    return { applied };
  } finally {
    await client.end();
  }
}

async function prepareSchemas(client: Client): Promise<void> {
  const { rows } = await client.query<{ nspname: string }>('select nspname from pg_namespace where nspname = any($1)', [
    [...schemas],
  ]);
  const missing = schemas.filter((schema) => !rows.some((row) => row.nspname === schema));
  if (missing.length === 0) return;
  for (const schema of missing) await client.query(`create schema ${schema} authorization ${migratorRole}`);
  // Whoever may reach the server has no business in this database unless named here.
  await client.query(`do $$ begin
    execute format('revoke all on database %I from public', current_database());
    execute format('grant connect on database %I to ${[migratorRole, forwarderGroupRole, ...serviceRoles, keyRotationRole].join(', ')}', current_database());
  end $$`);
}

async function runMigrations(url: string): Promise<readonly string[]> {
  const source = await migrationDataSource(url);
  await source.initialize();
  try {
    const done = await source.runMigrations({ transaction: 'each' });
    return done.map((migration) => migration.name);
  } finally {
    await source.destroy();
  }
}

async function recordTopology(client: Client, partitions: number, retentionDays: number): Promise<void> {
  const { rows } = await client.query<{ partitions: number }>(
    `insert into audit.topology (partitions, retention_days) values ($1, $2)
     on conflict (only_row) do update set retention_days = excluded.retention_days
     returning partitions`,
    [partitions, retentionDays],
  );
  const recorded = rows[0]?.partitions;
  if (recorded !== partitions) {
    throw new Error(
      `AUDITLANE_PARTITIONS is ${partitions}, but this database was set up for ${recorded}: a tenant's events would change partition and lose their order`,
    );
  }
}
