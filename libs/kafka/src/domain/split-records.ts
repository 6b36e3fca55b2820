// Cuts the records of one partition into requests that the broker takes.
import type { OutgoingRecord } from '@auditlane/contracts';

/** What a record takes up in a request, at most: varints and flags are counted at their longest. */
export function wireBytes(record: OutgoingRecord): number {
  let bytes = 32 + record.value.length + (record.key === null ? 0 : Buffer.byteLength(record.key));
  for (const name in record.headers) {
    const value = record.headers[name] ?? '';
    bytes += 10 + Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : value.length);
  }
  return bytes;
}

/** Slices in order, each of at most `maxBytes`; a record that is larger stands alone. */
export function splitRecords(
  records: readonly OutgoingRecord[],
  maxBytes: number,
): readonly (readonly OutgoingRecord[])[] {
  const slices: OutgoingRecord[][] = [];
  let slice: OutgoingRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = wireBytes(record);
    if (slice.length > 0 && bytes + size > maxBytes) {
      slices.push(slice);
      slice = [];
      bytes = 0;
    }
    slice.push(record);
    bytes += size;
  }
  if (slice.length > 0) slices.push(slice);
  return slices;
}
