// Takes the audit event out of what producers' tools wrap around it: a Confluent serializer's frame, a CloudEvents envelope.
// Own reader: the CloudEvents SDK fails on the header bytes that Kafka clients hand over.
import { hash } from 'node:crypto';
import { isObject } from './decode-json';
import type { HeededHeaders } from './read-headers';
import { excerpt, refused, type Refusal } from './refusal';

/** Confluent serializers put a zero and a four-byte schema id before the JSON text. No registry is asked: the text says what it is. */
export function withoutFrame(value: Buffer): Buffer {
  return value[0] === 0 && value[5] === 0x7b ? value.subarray(5) : value;
}

export interface OpenedEvent {
  readonly kind: 'event';
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Attributes {
  readonly specversion: unknown;
  readonly id: unknown;
  readonly source: unknown;
  readonly type: unknown;
  readonly time: unknown;
  readonly tenantid: unknown;
}

/** Structured mode by content-type, binary mode by ce_specversion, else the event itself. */
export function openEnvelope(value: Readonly<Record<string, unknown>>, headers: HeededHeaders): OpenedEvent | Refusal {
  const contentType = headers['content-type']?.trim().toLowerCase();
  if (contentType?.startsWith('application/cloudevents-batch'))
    return refused(
      'schema_invalid',
      'CloudEvents batch mode puts many events into one record. Send one event per record.',
    );
  if (contentType?.startsWith('application/cloudevents')) return openStructured(value);
  if (headers.ce_specversion === undefined) return { kind: 'event', fields: value };
  return withAttributes(value, {
    specversion: headers.ce_specversion,
    id: headers.ce_id,
    source: headers.ce_source,
    type: headers.ce_type,
    time: headers.ce_time,
    tenantid: headers.ce_tenantid,
  });
}

function openStructured(envelope: Readonly<Record<string, unknown>>): OpenedEvent | Refusal {
  const { data, specversion, id, source, type, time, tenantid } = envelope;
  if (!isObject(data))
    return refused(
      'schema_invalid',
      'The CloudEvents envelope has no JSON object in "data". Put the audit event there.',
    );
  if (tenantid !== undefined && data['tenantId'] !== undefined && tenantid !== data['tenantId'])
    return refused(
      'tenant_header_conflict',
      'The CloudEvents attribute "tenantid" and the event name different tenants. Make them equal or leave the attribute out.',
    );
  return withAttributes(data, { specversion, id, source, type, time, tenantid });
}

/** What the event says itself counts; the envelope fills in what it leaves out. */
function withAttributes(data: Readonly<Record<string, unknown>>, envelope: Attributes): OpenedEvent | Refusal {
  if (envelope.specversion !== '1.0')
    return refused(
      'schema_version_unsupported',
      `CloudEvents specversion ${excerpt(String(envelope.specversion))} is not known here. Send 1.0.`,
    );
  const { type: action, time: occurredAt, tenantid: tenantId } = envelope;
  const fields = { id: identityOf(envelope), tenantId, action, occurredAt, ...data };
  return { kind: 'event', fields };
}

/** CloudEvents are told apart by source and id together; two sources may count from 1 in one tenant. */
function identityOf({ source, id }: Attributes): string | undefined {
  if (typeof id !== 'string' || typeof source !== 'string') return undefined;
  return `ce-${hash('sha256', JSON.stringify([source, id]), 'base64url')}`;
}
