// The migration: repeatable, safe in parallel, content with a role that may make roles, and strict about the partition count.
import { Client } from 'pg';
import { freshDatabase, stack } from '@auditlane/testing';
import { assertTopology, createPool, migrate, migrateSettings } from '../src';

const emptyDatabases: string[] = [];

async function onServer(sql: string, database = 'postgres'): Promise<void> {
  const client = new Client({ connectionString: urlOf(database) });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
function urlOf(database: string, user?: string): string {
  const url = new URL(stack().postgresUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) url.username = user;
  return url.toString();
}
async function emptyDatabase(name: string): Promise<string> {
  await onServer(`create database ${name}`);
  emptyDatabases.push(name);
  return urlOf(name);
}
afterAll(async () => {
  for (const name of emptyDatabases) await onServer(`drop database ${name} with (force)`);
});

it('brings an empty database to the schema when two run at once, and does nothing the next time', async () => {
  const url = await emptyDatabase('migrate_parallel');
  const runs = await Promise.all([migrate(url, { partitions: 6 }), migrate(url, { partitions: 6 })]);
  expect(runs.flatMap(({ applied }) => applied)).toHaveLength(3);
  expect(await migrate(url, { partitions: 6 })).toEqual({ applied: [] });
});

it('refuses another partition count, and records another retention', async () => {
  const db = await freshDatabase();
  const url = urlOf(db.name);
  await expect(migrate(url, { partitions: 4 })).rejects.toThrow(
    'AUDITLANE_PARTITIONS is 4, but this database was set up for 3',
  );
  await migrate(url, { partitions: 3, retentionDays: 45 });
  const pool = createPool({ url: db.url('query'), max: 1, applicationName: 'test' });
  expect(await assertTopology(pool, { partitions: 3 })).toEqual({ partitions: 3, retentionDays: 45 });
  await expect(assertTopology(pool, { partitions: 3, retentionDays: 30 })).rejects.toThrow(
    'AUDITLANE_RETENTION_DAYS is 30',
  );
  await pool.end();
});

it('runs as auditlane_migrator itself once the roles and schemas are there', async () => {
  const db = await freshDatabase();
  expect(await migrate(db.url('migrator'), { partitions: 3 })).toEqual({ applied: [] });
});

it('gives roles the passwords of the environment: each its own, or the common one', () => {
  const { options } = migrateSettings({
    AUDITLANE_MIGRATE_URL: 'postgresql://x/y',
    AUDITLANE_DB_PASSWORD: 'common',
    AUDITLANE_DB_PASSWORD_QUERY: 'own',
  });
  expect(options.passwords).toMatchObject({ auditlane_query: 'own', auditlane_persistence: 'common' });
  expect(migrateSettings({ AUDITLANE_MIGRATE_URL: 'postgresql://x/y' }).options.passwords).toEqual({});
});
