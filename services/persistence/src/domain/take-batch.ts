// How much of what was fetched goes into one transaction.
import type { SourceRecord } from './source-record';

export interface BatchLimits {
  readonly records: number;
  readonly bytes: number;
}

/** The longest prefix within the limits and below `end`; never empty where a record stands below `end`. */
export function takeBatch(records: readonly SourceRecord[], limits: BatchLimits, end: number): readonly SourceRecord[] {
  let bytes = 0;
  let count = 0;
  for (const record of records) {
    bytes += record.value?.length ?? 0;
    const full = count === limits.records || bytes > limits.bytes;
    if (record.offset >= end || (full && count > 0)) break;
    count += 1;
  }
  return count === records.length ? records : records.slice(0, count);
}
