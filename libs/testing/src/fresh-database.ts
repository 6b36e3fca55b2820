// A migrated database for one test file alone, copied from the run's template.
import { randomBytes } from 'node:crypto';
import { Pool } from 'pg';
import { databaseUrl, type DatabaseRole } from './database-url';
import { secretsInDatabase } from './secrets-scan';
import { stack } from './stack';
import { atTestEnd } from './test-end';

export interface TestDatabase {
  readonly name: string;
  /** As superuser: sees and may do everything. */
  readonly pool: Pool;
  /** The address as a service's role has it. */
  url(role: DatabaseRole): string;
  drop(): Promise<void>;
}

async function onServer(statement: string): Promise<void> {
  const pool = new Pool({ connectionString: stack().postgresUrl, max: 1 });
  try {
    await pool.query(statement);
  } finally {
    await pool.end();
  }
}

export async function freshDatabase(): Promise<TestDatabase> {
  const name = `test_${randomBytes(8).toString('hex')}`;
  await onServer(`CREATE DATABASE ${name} TEMPLATE ${stack().templateDatabase}`);
  const pool = new Pool({ connectionString: databaseUrl(stack().postgresUrl, name), max: 4 });
  // Dropping the database cuts its connections; an idle one reports that, and nobody minds.
  pool.on('error', () => undefined);
  let dropped: Promise<void> | undefined;
  const drop = async (): Promise<void> => {
    dropped ??= (async () => {
      await pool.end();
      // A test may have closed its own.
      const look = new Pool({ connectionString: databaseUrl(stack().postgresUrl, name), max: 1 });
      look.on('error', () => undefined);
      const found = await secretsInDatabase(look);
      await look.end();
      await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      if (found.length > 0) throw new Error(`secrets stand in the database, in ${found.join(', ')}`);
    })();
    return dropped;
  };
  atTestEnd(drop);
  return {
    name,
    pool,
    url: (role) => databaseUrl(stack().postgresUrl, name, role),
    drop,
  };
}
