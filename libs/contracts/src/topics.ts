// The four topics of the pipeline, what each must be configured as, and who reads it under which consumer group.

export const topicNames = {
  events: 'audit.events',
  accepted: 'audit.events.accepted',
  stored: 'audit.events.stored',
  rejected: 'audit.events.rejected',
} as const;
export type TopicRole = keyof typeof topicNames;

export const groupNames = {
  ingestion: 'auditlane.ingestion',
  persistence: 'auditlane.persistence',
  quarantine: 'auditlane.quarantine',
  'forwarder-splunk': 'auditlane.forwarder-splunk',
  'forwarder-http': 'auditlane.forwarder-http',
  'forwarder-elasticsearch': 'auditlane.forwarder-elasticsearch',
} as const;
export type GroupRole = keyof typeof groupNames;

export const defaultPartitions = 12;

const day = 86_400_000;
const mebibyte = 1_048_576;
/** What a record of `rejected` may carry on top of the original value and headers. */
export const rejectedHeadroomBytes = 64 * 1024;

export interface TopicContract {
  readonly role: TopicRole;
  readonly retentionMs: number;
  readonly maxMessageBytes: number;
}

/**
 * All topics are `cleanup.policy=delete` and `message.timestamp.type=LogAppendTime`: with CreateTime the broker deletes a
 * backfill of old events before anyone reads it, and refuses events of a producer whose clock runs ahead.
 */
export const topicContracts: Readonly<Record<TopicRole, TopicContract>> = {
  events: { role: 'events', retentionMs: 7 * day, maxMessageBytes: mebibyte },
  accepted: { role: 'accepted', retentionMs: 7 * day, maxMessageBytes: mebibyte },
  stored: { role: 'stored', retentionMs: 7 * day, maxMessageBytes: mebibyte },
  rejected: { role: 'rejected', retentionMs: 30 * day, maxMessageBytes: mebibyte + rejectedHeadroomBytes },
};

/** Names of one installation: a prefix lets several share a cluster (and every test have topics of its own). */
export interface Names {
  topic(role: TopicRole): string;
  group(role: GroupRole): string;
}

export function namesWith(prefix: string): Names {
  return { topic: (role) => prefix + topicNames[role], group: (role) => prefix + groupNames[role] };
}
