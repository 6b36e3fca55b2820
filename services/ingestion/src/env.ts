// The settings of ingestion.
import {
  defineConfig,
  durationSetting,
  integerSetting,
  kafkaSettings,
  opsSettings,
  retentionSettings,
  tenantSettings,
  type ConfigOf,
} from '@auditlane/config';
import { defaultLimits, topicContracts, type EventLimits } from '@auditlane/contracts';

/** What canonical bytes, key and headers may need on top of the event before the broker refuses the record. */
const recordOverheadBytes = 32 * 1024;

export const ingestionConfig = defineConfig('ingestion', {
  ...opsSettings(3301),
  ...kafkaSettings,
  ...retentionSettings,
  ...tenantSettings,
  AUDITLANE_LIMIT_EVENT_BYTES: integerSetting(
    1_024,
    topicContracts.accepted.maxMessageBytes - recordOverheadBytes,
    defaultLimits.eventBytes,
    'Largest event that is accepted, in bytes',
  ),
  AUDITLANE_LIMIT_DEPTH: integerSetting(3, 32, defaultLimits.depth, 'Levels of nesting that are read'),
  AUDITLANE_LIMIT_PARAMETERS: integerSetting(1, 10_000, defaultLimits.parameters, 'Most parameters of an event'),
  AUDITLANE_LIMIT_DETAILS_BYTES: integerSetting(
    1,
    262_144,
    defaultLimits.detailsBytes,
    'Largest details of an event, in bytes of UTF-8',
  ),
  AUDITLANE_CLOCK_SKEW_MS: durationSetting(
    defaultLimits.clockSkewMs,
    'How far ahead of its arrival an event may lie before it is flagged clockSkew',
  ),
});
export type IngestionConfig = ConfigOf<typeof ingestionConfig>;

export function limitsOf(config: IngestionConfig): EventLimits {
  return {
    eventBytes: config.AUDITLANE_LIMIT_EVENT_BYTES,
    depth: config.AUDITLANE_LIMIT_DEPTH,
    parameters: config.AUDITLANE_LIMIT_PARAMETERS,
    detailsBytes: config.AUDITLANE_LIMIT_DETAILS_BYTES,
    retentionDays: config.AUDITLANE_RETENTION_DAYS,
    clockSkewMs: config.AUDITLANE_CLOCK_SKEW_MS,
  };
}
