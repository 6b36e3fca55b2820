// An event as a record of `stored` carries it. Headers are decoded where they are read, field by field: routing needs four of fourteen.
import { headerText, type IncomingHeaders, type StoredHeaders } from '@auditlane/contracts';
import type { KafkaRecord } from '@auditlane/kafka';
import type { LogRecord, StoredEvent } from './domain/effects';

class LiveHeaders implements StoredHeaders {
  constructor(
    private readonly raw: IncomingHeaders,
    readonly tenant: string,
    readonly seq: number,
    readonly acceptedOffset: number,
    readonly previous: number,
  ) {}

  get id(): string {
    return headerText(this.raw, 'id');
  }
  get contentHash(): string {
    return headerText(this.raw, 'contentHash');
  }
  get action(): string {
    return headerText(this.raw, 'action');
  }
  get area(): string {
    return headerText(this.raw, 'area');
  }
  get category(): string {
    return headerText(this.raw, 'category');
  }
  get occurredAt(): number {
    return Number(headerText(this.raw, 'occurredAt'));
  }
  get receivedAt(): number {
    return Number(headerText(this.raw, 'receivedAt'));
  }
  get workspace(): string {
    return headerText(this.raw, 'workspace');
  }
  get actor(): string {
    return headerText(this.raw, 'actor');
  }
  get clockSkew(): boolean {
    return headerText(this.raw, 'clockSkew') === '1';
  }
}

class LiveEvent implements StoredEvent {
  private read: LiveHeaders | undefined;

  constructor(
    private readonly raw: IncomingHeaders,
    readonly canonical: Buffer,
    readonly tenant: string,
    readonly seq: number,
    readonly acceptedOffset: number,
    readonly previous: number,
  ) {}

  get headers(): StoredHeaders {
    this.read ??= new LiveHeaders(this.raw, this.tenant, this.seq, this.acceptedOffset, this.previous);
    return this.read;
  }
}

/** A record without an event is a stranger's (or stands for a batch nobody can read): it has no place in any lane. */
export function toLogRecord(record: KafkaRecord): LogRecord {
  const { offset, headers, value, undecodable } = record;
  if (undecodable) return { offset, lastOffset: undecodable.lastOffset, unreadable: true };
  const tenant = headerText(headers, 'tenant');
  const seq = wholeNumber(headers['seq']);
  const acceptedOffset = wholeNumber(headers['acceptedOffset']);
  if (!value || !tenant || seq < 1 || acceptedOffset < 0) return { offset, lastOffset: offset };
  const previous = wholeNumber(headers['previous']);
  return { offset, lastOffset: offset, event: new LiveEvent(headers, value, tenant, seq, acceptedOffset, previous) };
}

/** −1 for anything that is not plain digits. */
function wholeNumber(header: IncomingHeaders[string]): number {
  if (!Buffer.isBuffer(header) || header.length === 0 || header.length > 15) return -1;
  let number = 0;
  for (let at = 0; at < header.length; at++) {
    const digit = (header[at] ?? 0) - 48;
    if (digit < 0 || digit > 9) return -1;
    number = number * 10 + digit;
  }
  return number;
}
