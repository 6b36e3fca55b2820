// What is kept of a record that cannot be stored: its coordinates, its reason, a hash of its bytes and their beginning.
import { createHash } from 'node:crypto';
import { decodeRejectedHeaders, type QuarantineReason } from '@auditlane/contracts';
import { namedBy } from './read-record';
import type { SourceRecord } from './source-record';

export interface QuarantineRow {
  readonly day: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly lastOffset: number;
  readonly reason: QuarantineReason;
  readonly detail: string;
  readonly tenant: string;
  readonly action: string;
  readonly recordTime: number;
  readonly valueSha256: string;
  readonly valueBytes: number;
  readonly excerpt: Buffer;
}

const excerptBytes = 4096;
const detailLength = 2000;
const nameLength = 256;

/** A row for a record of `accepted` that this service itself could not store. */
export function quarantineRow(
  record: SourceRecord,
  reason: QuarantineReason,
  detail: string,
  days: KeptDays,
): QuarantineRow {
  const { tenant, action } = namedBy(record);
  return row(record.value, {
    topic: record.topic,
    partition: record.partition,
    offset: record.offset,
    lastOffset: record.undecodable?.lastOffset ?? record.offset,
    reason,
    detail,
    tenant,
    action,
    recordTime: record.timestamp,
    day: days.of(record.timestamp),
  });
}

/** A row for a record of `rejected`: the coordinates are those of the original in `audit.events`. */
export function rejectedRow(record: SourceRecord, days: KeptDays): QuarantineRow {
  if (record.undecodable) return quarantineRow(record, 'undecodable_batch', record.undecodable.error, days);
  const headers = decodeRejectedHeaders(record.headers);
  if (!headers)
    return quarantineRow(record, 'headers_refused', 'the headers are not those that ingestion writes', days);
  return row(record.value, { ...headers, recordTime: headers.timestamp, day: days.of(headers.timestamp) });
}

/** The time of the record that a rejected one was in `audit.events`. */
export const originalTime = (record: SourceRecord): number =>
  (record.undecodable ? undefined : decodeRejectedHeaders(record.headers))?.timestamp ?? record.timestamp;

/** The days that quarantine has room for. */
export interface KeptDays {
  /** The UTC day of an instant, moved into the kept range: a strange timestamp must not ask for a partition that cannot be made. */
  of(instant: number): string;
}

const dayMs = 86_400_000;

export function keptDays(today: string, retentionDays: number): KeptDays {
  const newest = Date.parse(today);
  const oldest = newest - retentionDays * dayMs;
  return { of: (instant) => new Date(Math.min(newest + dayMs, Math.max(oldest, instant))).toISOString().slice(0, 10) };
}

type Facts = Omit<QuarantineRow, 'valueSha256' | 'valueBytes' | 'excerpt'>;

function row(value: Buffer | null, facts: Facts): QuarantineRow {
  const bytes = value ?? Buffer.alloc(0);
  return {
    ...facts,
    detail: printable(facts.detail, detailLength),
    tenant: printable(facts.tenant, nameLength),
    action: printable(facts.action, nameLength),
    valueSha256: createHash('sha256').update(bytes).digest('hex'),
    valueBytes: bytes.length,
    // A copy: a view would keep the whole fetched response alive.
    excerpt: Buffer.from(bytes.subarray(0, excerptBytes)),
  };
}

/** Text that PostgreSQL takes, whatever a record's headers held. */
function printable(text: string, length: number): string {
  return text.slice(0, length).replaceAll('\0', '\u{fffd}').toWellFormed();
}
