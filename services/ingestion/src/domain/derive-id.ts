// Gives an event without an id one that any re-read of the same record gives again, so that a repeat is a repeat.
import { hash } from 'node:crypto';
import type { SourceRecord } from './source-record';

/**
 * A UUIDv8 (RFC 9562): 48 bits of LogAppendTime, then a hash of the record's coordinates. LogAppendTime is among them, so that
 * a topic made anew, whose offsets start again, gives other ids.
 */
export function deriveId(record: Pick<SourceRecord, 'topic' | 'partition' | 'offset' | 'timestamp'>): string {
  const coordinates = JSON.stringify([record.topic, record.partition, record.offset, record.timestamp]);
  const digest = hash('sha256', coordinates, 'hex');
  const time = record.timestamp.toString(16).padStart(12, '0');
  const variant = ((parseInt(digest.slice(3, 4), 16) & 0x3) | 0x8).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8, 12)}-8${digest.slice(0, 3)}-${variant}${digest.slice(4, 7)}-${digest.slice(7, 19)}`;
}
