// Records of `accepted` as ingestion writes them, for the tests of this service.
import { createHash } from 'node:crypto';
import { type AcceptedHeaders, encodeAcceptedHeaders, type OutgoingRecord, partitionOf } from '@auditlane/contracts';
import type { SourceRecord } from '../src/domain/source-record';

export interface AcceptedEvent {
  readonly tenant: string;
  readonly id: string;
  /** Told apart by content: two events with one id and different notes are in conflict. */
  readonly note: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly receivedAt: number;
}

export function acceptedEvent(overrides: Partial<AcceptedEvent> = {}): AcceptedEvent {
  return {
    tenant: 'acme',
    id: 'e-1',
    note: 'made',
    parameters: { name: 'Nightly' },
    receivedAt: Date.now(),
    ...overrides,
  };
}

export function acceptedHeaders(event: AcceptedEvent): AcceptedHeaders {
  return {
    tenant: event.tenant,
    id: event.id,
    contentHash: createHash('sha256').update(`${event.id} ${event.note}`).digest('base64url'),
    action: 'workflows.workflow_created',
    area: 'workflows',
    category: 'User actions',
    occurredAt: event.receivedAt,
    receivedAt: event.receivedAt,
    workspace: 'Production',
    actor: 'jane@acme.test',
    clockSkew: false,
  };
}

export function acceptedValue(event: AcceptedEvent): Buffer {
  const { tenant: tenantId, id, note: details, parameters, receivedAt } = event;
  return Buffer.from(
    JSON.stringify({
      action: 'workflows.workflow_created',
      actor: { email: 'jane@acme.test', type: 'user' },
      details,
      id,
      occurredAt: new Date(receivedAt).toISOString(),
      parameters,
      receivedAt: new Date(receivedAt).toISOString(),
      tenantId,
      workspace: { name: 'Production' },
    }),
  );
}

/** The record as it lies in the topic. */
export function sourceRecord(
  offset: number,
  event: Partial<AcceptedEvent> = {},
  overrides: Partial<SourceRecord> = {},
): SourceRecord {
  const whole = acceptedEvent({ id: `e-${offset}`, ...event });
  return {
    topic: 'audit.events.accepted',
    partition: 0,
    offset,
    timestamp: whole.receivedAt,
    key: Buffer.from(whole.tenant),
    value: acceptedValue(whole),
    headers: encodeAcceptedHeaders(acceptedHeaders(whole)),
    ...overrides,
  };
}

/** The record as it is produced. */
export function outgoing(topic: string, event: AcceptedEvent): OutgoingRecord {
  return {
    topic,
    key: event.tenant,
    value: acceptedValue(event),
    headers: encodeAcceptedHeaders(acceptedHeaders(event)),
  };
}

/** A tenant that lives in the given partition. */
export function tenantIn(partition: number, partitions: number, nth = 0): string {
  for (let i = 0, found = 0; ; i++) {
    const tenant = `tenant-${i}`;
    if (partitionOf(tenant, partitions) === partition && found++ === nth) return tenant;
  }
}
