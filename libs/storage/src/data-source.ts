// The TypeORM data sources: one that migrates as the owner, one for the services that read and write settings by entity.
import { DataSource } from 'typeorm';
import { entities } from './entities';
import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema';
import { migratorRole } from './roles';

const migrations = [InitialSchema1764000000000];

export function migrationDataSource(url: string): DataSource {
  return new DataSource({
    type: 'postgres',
    url,
    schema: 'audit',
    migrationsTableName: 'schema_migrations',
    migrations,
    entities: [],
    // Everything a migration makes must belong to the migrator, whoever runs it.
    extra: { options: `-c role=${migratorRole}`, max: 2 },
  });
}

export interface SettingsSourceOptions {
  readonly url: string;
  readonly applicationName: string;
  readonly max?: number;
}

/** Entities only: synchronisation stays off, the schema is the migrations' alone. */
export function createDataSource(options: SettingsSourceOptions): DataSource {
  return new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: options.applicationName,
    entities: [...entities],
    synchronize: false,
    installExtensions: false,
    extra: { max: options.max ?? 4, keepAlive: true, connectionTimeoutMillis: 5_000, statement_timeout: 10_000 },
  });
}
