// Migrates one database per run; every test file then copies it, which takes a fraction of a second.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Client } from 'pg';
import { checkoutRoot, nodeBinary } from '../native/checkout';
import { runToEnd } from '../native/child-process';
import { temporaryDirectory } from '../native/temporary-directory';
import { databaseUrl } from '../database-url';
import { testPartitions } from '../test-partitions';

async function execute(url: string, statement: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

export interface TemplateDatabase {
  readonly name: string;
  drop(): Promise<void>;
}

/** Made by the very command that operators run: `npm run migrate`. */
export async function createTemplateDatabase(serverUrl: string): Promise<TemplateDatabase> {
  const name = `auditlane_template_${randomBytes(6).toString('hex')}`;
  await execute(serverUrl, `CREATE DATABASE ${name}`);
  const logs = temporaryDirectory('migrate');
  try {
    await runToEnd({
      label: 'npm run migrate',
      command: nodeBinary(),
      args: [join(checkoutRoot, 'dist', 'libs', 'storage', 'src', 'migrate.main.js')],
      env: {
        ...process.env,
        AUDITLANE_MIGRATE_URL: databaseUrl(serverUrl, name),
        AUDITLANE_PARTITIONS: String(testPartitions),
      },
      logFile: join(logs.path, 'migrate.log'),
    });
  } finally {
    logs.remove();
  }
  return { name, drop: async () => execute(serverUrl, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}
