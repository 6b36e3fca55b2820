// What importing this library costs a service that only reads and writes rows.
import { migrationDataSource } from './migration-data-source';
import * as storage from './index';

jest.mock('typeorm', () => {
  throw new Error('TypeORM was loaded');
});

it('does not load TypeORM until a migration runs', async () => {
  expect(storage).toHaveProperty('createPool');
  await expect(migrationDataSource('postgres://nowhere')).rejects.toThrow('TypeORM was loaded');
});
