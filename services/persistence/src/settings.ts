// What the persistence service reads from its environment.
import {
  databaseSettings,
  defineConfig,
  durationSetting,
  integerSetting,
  kafkaSettings,
  opsSettings,
  retentionSettings,
} from '@auditlane/config';

export const persistenceDefinition = defineConfig('persistence', {
  ...opsSettings(3302),
  ...kafkaSettings,
  ...databaseSettings,
  ...retentionSettings,
  AUDITLANE_PERSIST_BATCH_RECORDS: integerSetting(1, 50_000, 2_000, 'Most records in one transaction'),
  AUDITLANE_PERSIST_BATCH_BYTES: integerSetting(1, 67_108_864, 4_194_304, 'Most bytes of events in one transaction'),
  AUDITLANE_PERSIST_CONCURRENCY: integerSetting(1, 64, 4, 'Partitions that are written at the same time'),
  AUDITLANE_QUARANTINE_PER_TENANT: integerSetting(
    0,
    10_000_000,
    1_000,
    'Quarantined records kept per tenant and day; more are counted only',
  ),
  AUDITLANE_QUARANTINE_PER_DAY: integerSetting(
    0,
    100_000_000,
    100_000,
    'Quarantined records kept per day over all tenants; more are counted only',
  ),
  AUDITLANE_MAINTENANCE_INTERVAL_MS: durationSetting(
    3_600_000,
    'How often days are made ahead and what retention has passed is dropped',
  ),
});
