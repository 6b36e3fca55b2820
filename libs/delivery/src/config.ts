// What a forwarder reads from its environment. Every interval is a setting, so that tests run scaled.
import {
  databaseSettings,
  defineConfig,
  durationSetting,
  egressSettings,
  integerSetting,
  kafkaSettings,
  keyRingSettings,
  opsSettings,
  type ConfigOf,
} from '@auditlane/config';
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { defaultKnobs, type Knobs } from './domain/knobs';

const mebibyte = 1_048_576;
const bytes = (fallback: number, description: string) => integerSetting(1_024, 4_294_967_296, fallback, description);

export const forwarderDefinition = (type: DestinationType) =>
  defineConfig(`forwarder-${type}`, {
    ...opsSettings(3304 + destinationTypes.indexOf(type)),
    ...kafkaSettings,
    ...databaseSettings,
    ...keyRingSettings,
    ...egressSettings,
    AUDITLANE_EGRESS_CONNECT_TIMEOUT_MS: durationSetting(5_000, 'How long a connection to a destination may take'),
    AUDITLANE_DELIVERY_REQUEST_TIMEOUT_MS: durationSetting(
      60_000,
      'Longest that a request to a destination may take, whatever its type allows',
    ),
    AUDITLANE_DELIVERY_LANE_AGE_MS: durationSetting(
      defaultKnobs.laneAgeMs,
      'A destination whose oldest event has waited this long goes on from the database',
    ),
    AUDITLANE_DELIVERY_LANE_EVENTS: integerSetting(
      1,
      1_000_000,
      defaultKnobs.laneEvents,
      'Most events queued for one destination',
    ),
    AUDITLANE_DELIVERY_LANE_BYTES: bytes(defaultKnobs.laneBytes, 'Most bytes queued for one destination'),
    AUDITLANE_DELIVERY_LANES_BYTES: bytes(defaultKnobs.lanesBytes, 'Most bytes queued for all destinations'),
    AUDITLANE_DELIVERY_DRAIN_BYTES: bytes(
      defaultKnobs.drainBytes,
      'Most bytes read from the database for destinations that catch up',
    ),
    AUDITLANE_DELIVERY_PATIENCE_MS: durationSetting(
      defaultKnobs.patienceMs,
      'How long a partition waits in a row for a destination that is full but takes events',
    ),
    AUDITLANE_DELIVERY_BACKOFF_BASE_MS: durationSetting(defaultKnobs.backoffBaseMs, 'First back-off after a failure'),
    AUDITLANE_DELIVERY_BACKOFF_CAP_MS: durationSetting(defaultKnobs.backoffCapMs, 'Longest back-off'),
    AUDITLANE_DELIVERY_RETRY_AFTER_CAP_MS: durationSetting(
      defaultKnobs.retryAfterCapMs,
      'Longest pause that a Retry-After is granted',
    ),
    AUDITLANE_DELIVERY_ABORT_GRACE_MS: durationSetting(
      defaultKnobs.abortGraceMs,
      'What a request under replaced settings is given to end by itself',
    ),
    AUDITLANE_DELIVERY_ACK_POLL_MS: durationSetting(
      defaultKnobs.ackPollMs,
      'How often a receiver that acknowledges (Splunk with useACK) is asked what is safe with it',
    ),
    AUDITLANE_DELIVERY_ACK_TIMEOUT_MS: durationSetting(
      defaultKnobs.ackTimeoutMs,
      'What such a receiver has not acknowledged after this is sent again',
    ),
    AUDITLANE_DELIVERY_STATUS_INTERVAL_MS: durationSetting(10_000, 'How often the status of destinations is written'),
    AUDITLANE_DELIVERY_COMMIT_INTERVAL_MS: durationSetting(250, 'Least time between two offset commits of a partition'),
    AUDITLANE_NOTIFY_AFTER_MS: durationSetting(
      15 * 60_000,
      'How long a destination fails before its tenant is told by webhook',
    ),
    AUDITLANE_NOTIFY_AGAIN_AFTER_MS: durationSetting(24 * 3_600_000, 'How long it fails before they are told again'),
    AUDITLANE_NOTIFY_INTERVAL_MS: durationSetting(5_000, 'How often is looked whether a tenant must be told'),
    AUDITLANE_NOTIFY_RETRY_MS: durationSetting(5_000, 'First back-off of a webhook that did not answer'),
    AUDITLANE_NOTIFY_GIVE_UP_MS: durationSetting(24 * 3_600_000, 'How long a webhook is tried'),
    AUDITLANE_SETTINGS_POLL_MS: durationSetting(1_000, 'How often the settings version is looked at'),
    AUDITLANE_FETCH_BYTES: integerSetting(1_024, 64 * mebibyte, mebibyte, 'Bytes fetched from one partition at a time'),
  });

export type ForwarderConfig = ConfigOf<ReturnType<typeof forwarderDefinition>>;

export function knobsOf(config: ForwarderConfig): Knobs {
  return {
    ...defaultKnobs,
    laneAgeMs: config.AUDITLANE_DELIVERY_LANE_AGE_MS,
    laneEvents: config.AUDITLANE_DELIVERY_LANE_EVENTS,
    laneBytes: config.AUDITLANE_DELIVERY_LANE_BYTES,
    lanesBytes: config.AUDITLANE_DELIVERY_LANES_BYTES,
    drainBytes: config.AUDITLANE_DELIVERY_DRAIN_BYTES,
    patienceMs: config.AUDITLANE_DELIVERY_PATIENCE_MS,
    backoffBaseMs: config.AUDITLANE_DELIVERY_BACKOFF_BASE_MS,
    backoffCapMs: config.AUDITLANE_DELIVERY_BACKOFF_CAP_MS,
    retryAfterCapMs: config.AUDITLANE_DELIVERY_RETRY_AFTER_CAP_MS,
    ackPollMs: config.AUDITLANE_DELIVERY_ACK_POLL_MS,
    ackTimeoutMs: config.AUDITLANE_DELIVERY_ACK_TIMEOUT_MS,
    abortGraceMs: config.AUDITLANE_DELIVERY_ABORT_GRACE_MS,
  };
}
