// Reads one record of `accepted`: the facts from its headers, and from its bytes only what columns need. Whoever else wrote to the topic is
// found out here, before the record can take a seq.
import { isUtf8 } from 'node:buffer';
import { type AcceptedHeaders, decodeAcceptedHeaders, headerText, type QuarantineReason } from '@auditlane/contracts';
import type { SourceRecord } from './source-record';

/** A record whose headers are those that ingestion writes. */
export interface WithHeaders {
  readonly record: SourceRecord;
  readonly headers: AcceptedHeaders;
}

export interface Readable extends WithHeaders {
  readonly kind: 'readable';
  readonly value: Buffer;
  /** JSON text of the event's parameters. */
  readonly parameters: string | null;
  readonly details: string | null;
}

export interface Unreadable {
  readonly kind: 'unreadable';
  readonly record: SourceRecord;
  readonly reason: QuarantineReason;
  readonly detail: string;
}

export type Reading = Readable | Unreadable;

/** Says a tenant's partition; the assignment of one partition only ever meets its own tenants. */
export type PartitionOfTenant = (tenant: string) => number;

export function readRecord(record: SourceRecord, partitionOfTenant: PartitionOfTenant): Reading {
  if (record.undecodable) {
    return unreadable(record, 'undecodable_batch', record.undecodable.error);
  }
  const headers = decodeAcceptedHeaders(record.headers);
  if (!headers) return unreadable(record, 'unstorable', 'the headers are not those that ingestion writes');
  if (partitionOfTenant(headers.tenant) !== record.partition) {
    return unreadable(
      record,
      'unstorable',
      `tenant ${headers.tenant} does not belong in partition ${record.partition}`,
    );
  }
  const { value } = record;
  if (!value || !isUtf8(value)) return unreadable(record, 'unstorable', 'the value is not UTF-8 text');
  const event = parseObject(value);
  if (!event) return unreadable(record, 'unstorable', 'the value is not a JSON object');
  const { parameters, details } = event;
  return {
    kind: 'readable',
    record,
    headers,
    value,
    parameters: parameters === undefined ? null : JSON.stringify(parameters),
    details: typeof details === 'string' ? details : null,
  };
}

/** A record that was tried alone and could not be stored. */
export const givenUp = (record: SourceRecord, detail: string): Unreadable => unreadable(record, 'unstorable', detail);

const unreadable = (record: SourceRecord, reason: QuarantineReason, detail: string): Unreadable => ({
  kind: 'unreadable',
  record,
  reason,
  detail,
});

interface EventShape {
  readonly parameters?: unknown;
  readonly details?: unknown;
}

function parseObject(value: Buffer): EventShape | undefined {
  try {
    const parsed: unknown = JSON.parse(value.toString('utf8'));
    return isObject(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is EventShape =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The tenant and action that a record names, for its quarantine row; empty where it names none. */
export function namedBy(record: SourceRecord): { tenant: string; action: string } {
  return { tenant: headerText(record.headers, 'tenant'), action: headerText(record.headers, 'action') };
}
