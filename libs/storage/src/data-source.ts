// The TypeORM data source that reads and writes settings by entity. Not in the front door: whoever imports it holds all of TypeORM.
import { DataSource } from 'typeorm';
import { entities } from './entities';

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
