// A record of `audit.events` as the domain needs it: bytes, headers, and the coordinates that give it an identity.
import type { IncomingHeaders } from '@auditlane/contracts';

export interface SourceRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** LogAppendTime in milliseconds: the broker's clock, the same at every reading. */
  readonly timestamp: number;
  readonly value: Buffer | null;
  readonly headers: IncomingHeaders;
  /** This record stands for a record batch that could not be read. */
  readonly undecodable?: { readonly lastOffset: number; readonly error: string } | undefined;
}

/** The last millisecond that a date can name. */
const lastInstant = 8.64e15;

/** Whether a record has a time of arrival; without LogAppendTime producers write what they like there. */
export function hasArrival({ timestamp }: Pick<SourceRecord, 'timestamp'>): boolean {
  return Number.isInteger(timestamp) && timestamp >= 0 && timestamp <= lastInstant;
}
