// The TypeORM data source that migrates as the owner.
import type { DataSource } from 'typeorm';
import { InitialSchema1764000000000 } from './migrations/1764000000000-initial-schema';
import { DeliveryOperations1764600000000 } from './migrations/1764600000000-delivery-operations';
import { StoredChain1764700000000 } from './migrations/1764700000000-stored-chain';
import { migratorRole } from './roles';

const migrations = [InitialSchema1764000000000, DeliveryOperations1764600000000, StoredChain1764700000000];

export async function migrationDataSource(url: string): Promise<DataSource> {
  // Loaded only now: TypeORM takes 11 MB, which no service that merely connects should hold.
  const { DataSource } = await import('typeorm');
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
