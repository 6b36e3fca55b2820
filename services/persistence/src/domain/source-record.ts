// A record of `accepted` or `rejected` as this service sees it; structurally what libs/kafka hands over.
import type { IncomingHeaders } from '@auditlane/contracts';

export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** LogAppendTime, milliseconds since the epoch. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IncomingHeaders;
  readonly undecodable?: { readonly lastOffset: number; readonly error: string } | undefined;
}

/** One past the last offset that the record stands for. */
export const endOffset = (record: SourceRecord): number => (record.undecodable?.lastOffset ?? record.offset) + 1;

/** How many records of the topic it stands for. */
export const recordCount = (record: SourceRecord): number => endOffset(record) - record.offset;
