// The closed list of reasons for which an event leaves its path. Each is a metric label, a column value and a runbook entry.

/** Why a record of `audit.events` (or `accepted`) went to quarantine instead of the store. */
export const quarantineReasons = [
  'empty_value',
  'too_large',
  'invalid_utf8',
  'malformed_json',
  'not_an_object',
  'too_deep',
  'duplicate_key',
  'forbidden_key',
  'nul_character',
  'lone_surrogate',
  'number_not_exact',
  'schema_invalid',
  'schema_version_unsupported',
  'tenant_not_registered',
  'tenant_header_conflict',
  'headers_refused',
  'unknown_action',
  'not_audited',
  'too_old',
  'id_conflict',
  'undecodable_batch',
  'unstorable',
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

export function isQuarantineReason(text: string): text is QuarantineReason {
  return (quarantineReasons as readonly string[]).includes(text);
}

/** Why a record was dropped on purpose, with nothing to follow. */
export const dropReasons = ['duplicate', 'repeat', 'unwanted'] as const;
export type DropReason = (typeof dropReasons)[number];

/** Why nothing was acknowledged yet: the same records come again. */
export const retryReasons = [
  'database_unavailable',
  'database_conflict',
  'database_full',
  'day_missing',
  'clocks_disagree',
  'broker_unavailable',
  'claim_lost',
  'unknown',
] as const;
export type RetryReason = (typeof retryReasons)[number];

/** Why one event was refused by a destination while others were taken: it becomes a dead letter. */
export const poisonReasons = [
  'receiver_refused_format',
  'receiver_refused_fields',
  'receiver_refused_event',
  'receiver_refused_mapping',
  'receiver_refused_size',
] as const;
export type PoisonReason = (typeof poisonReasons)[number];

/** Why a destination as a whole is not being delivered to until something changes on the other side or in its settings. */
export const parkReasons = [
  'credentials_refused',
  'permission_refused',
  'not_found',
  'method_refused',
  'gone',
  'redirected',
  'index_refused',
  'acknowledgement_required',
  'configuration_refused',
  'target_not_writable',
  'not_the_expected_receiver',
  'egress_refused',
  'secret_unavailable',
  'refuses_everything',
] as const;
export type ParkReason = (typeof parkReasons)[number];

/** Why a request to a destination is tried again: the answer says nothing against the events or the settings. */
export const transientReasons = [
  'busy',
  'rate_limited',
  'server_error',
  'timed_out',
  'connection_failed',
  'tls_failed',
  'name_not_resolved',
  'aborted',
  'unreadable_answer',
  'in_progress',
  'acknowledgement_missing',
] as const;
export type TransientReason = (typeof transientReasons)[number];

/** Why a live lane gave its events over to its cursor. */
export const laneReasons = [
  'lane_too_old',
  'lane_full',
  'sequence_jump',
  'position_unknown',
  'started',
  'disabled',
  'owner_lost',
  'awaiting_acknowledgement',
] as const;
export type LaneReason = (typeof laneReasons)[number];

/** Why a replay waits although its destination would take events. */
export const replayReasons = ['queued'] as const;
export type ReplayReason = (typeof replayReasons)[number];

/** Everything that can stand in a destination's status and in its cursor row. */
export type DeliveryReason = ParkReason | TransientReason | LaneReason | PoisonReason;
