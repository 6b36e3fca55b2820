// The front door of storage: migrating, connecting, what an error means, reading events in order, days.
export * from './access-matrix';
export * from './access-matrix-page';
export * from './days';
export * from './domain/binary-array';
export * from './domain/classify-database-error';
export * from './event-reader';
export * from './migrate';
export { migrateDefinition, migrateSettings } from './migrate-settings';
export * from './pool';
export * from './pool-gauge';
export type { Passwords } from './prepare-roles';
export * from './roles';
export * from './topology';
