// What the query service reads from its environment.
import {
  databaseSettings,
  defineConfig,
  egressSettings,
  integerSetting,
  keyRingSettings,
  oidcSettings,
  opsSettings,
  topicSettings,
} from '@auditlane/config';
import { z } from 'zod';

export const queryDefinition = defineConfig('query', {
  ...opsSettings(3303),
  ...databaseSettings,
  ...topicSettings,
  ...oidcSettings,
  ...keyRingSettings,
  ...egressSettings,
  AUDITLANE_HTTP_HOST: z.string().default('127.0.0.1').meta({ description: 'Address that serves the API' }),
  AUDITLANE_HTTP_PORT: integerSetting(0, 65_535, 3000, 'Port that serves the API; 0 picks a free one'),
  AUDITLANE_CURSOR_KEY: z.string().min(32, 'must have at least 32 characters').optional().meta({
    description:
      'Secret that seals the cursors of the API, the same in all replicas; left out: derived from the key ring file',
    secret: true,
  }),
  AUDITLANE_DESTINATIONS_PER_TENANT: integerSetting(1, 10_000, 50, 'Most destinations that a tenant may have'),
  AUDITLANE_REPLAYS_PER_TENANT: integerSetting(1, 10_000, 20, 'Most replays that a tenant may have open'),
  AUDITLANE_TESTS_PER_MINUTE: integerSetting(
    1,
    10_000,
    10,
    'Connection tests that a tenant may run in a minute at each replica',
  ),
  AUDITLANE_TESTS_AT_ONCE: integerSetting(
    1,
    100,
    2,
    'Connection tests that a tenant may have running at the same time at each replica',
  ),
  AUDITLANE_TEST_TOTAL_MS: integerSetting(100, 300_000, 30_000, 'Longest time of a connection test'),
  AUDITLANE_TEST_REQUEST_MS: integerSetting(100, 60_000, 10_000, 'Longest time of each request of a connection test'),
  AUDITLANE_TEST_CONFIRM_MS: integerSetting(
    100,
    60_000,
    10_000,
    'How long a connection test waits for Splunk to acknowledge its event',
  ),
});
