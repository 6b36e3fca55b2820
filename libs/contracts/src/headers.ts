// The record headers that carry an event's facts from hop to hop, so that routing, filters and envelopes never parse the value.
import type { OutgoingHeaders } from './outcome';
import { isQuarantineReason, type QuarantineReason } from './reasons';

/** Headers as kafkajs hands them over. */
export type IncomingHeaders = Readonly<Record<string, Buffer | string | (Buffer | string)[] | undefined>>;

/** On `accepted`: what ingestion found out about an event. */
export interface AcceptedHeaders {
  readonly tenant: string;
  readonly id: string;
  /** SHA-256 of the producer's own fields in canonical form, base64url (43 characters). */
  readonly contentHash: string;
  readonly action: string;
  readonly area: string;
  readonly category: string;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
  readonly receivedAt: number;
  /** Empty where the event names none. */
  readonly workspace: string;
  readonly actor: string;
  readonly clockSkew: boolean;
}

/** On `stored`: the same, with the tenant's dense sequence number, the offset of the event in `accepted`, and the link to the event before it. */
export interface StoredHeaders extends AcceptedHeaders {
  readonly seq: number;
  readonly acceptedOffset: number;
  /** The `acceptedOffset` of the event stored before this one in the partition, whoever's; −1 for the first. Left out where it is not known. */
  readonly previous?: number;
}

/** On `rejected`: why, and where the original record stands. */
export interface RejectedHeaders {
  readonly reason: QuarantineReason;
  /** A sentence for the producer's developers: what is wrong and what to do. */
  readonly detail: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Differs from `offset` only for a batch that could not be read. */
  readonly lastOffset: number;
  /** LogAppendTime of the original record, milliseconds since the epoch. */
  readonly timestamp: number;
  /** The tenant that the record names, where one could be read; empty otherwise. */
  readonly tenant: string;
  readonly action: string;
}

const acceptedKeys = ['tenant', 'id', 'contentHash', 'action', 'area', 'category', 'workspace', 'actor'] as const;

export function encodeAcceptedHeaders(headers: AcceptedHeaders): OutgoingHeaders {
  const out: Record<string, string> = {
    tenant: headers.tenant,
    id: headers.id,
    contentHash: headers.contentHash,
    action: headers.action,
    area: headers.area,
    category: headers.category,
    occurredAt: String(headers.occurredAt),
    receivedAt: String(headers.receivedAt),
    workspace: headers.workspace,
    actor: headers.actor,
  };
  if (headers.clockSkew) out['clockSkew'] = '1';
  return out;
}

export function encodeStoredHeaders(headers: StoredHeaders): OutgoingHeaders {
  const { seq, acceptedOffset, previous } = headers;
  return {
    ...encodeAcceptedHeaders(headers),
    seq: String(seq),
    acceptedOffset: String(acceptedOffset),
    ...(previous === undefined ? {} : { previous: String(previous) }),
  };
}

export function encodeRejectedHeaders(headers: RejectedHeaders): OutgoingHeaders {
  return {
    reason: headers.reason,
    detail: headers.detail,
    topic: headers.topic,
    partition: String(headers.partition),
    offset: String(headers.offset),
    lastOffset: String(headers.lastOffset),
    timestamp: String(headers.timestamp),
    tenant: headers.tenant,
    action: headers.action,
  };
}

/** One header's text: the last value where a name stands twice, empty where it is missing. */
export function headerText(headers: IncomingHeaders, name: string): string {
  const value = headers[name];
  const last = Array.isArray(value) ? value.at(-1) : value;
  return last === undefined ? '' : typeof last === 'string' ? last : last.toString('utf8');
}

function headerInteger(headers: IncomingHeaders, name: string): number | undefined {
  const value = headerText(headers, name);
  if (!/^-?\d{1,16}$/.test(value)) return undefined;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : undefined;
}

/** `undefined` where a header is missing or malformed: someone else wrote to the topic. */
export function decodeAcceptedHeaders(headers: IncomingHeaders): AcceptedHeaders | undefined {
  const occurredAt = headerInteger(headers, 'occurredAt');
  const receivedAt = headerInteger(headers, 'receivedAt');
  const texts = acceptedKeys.map((key) => headerText(headers, key));
  const [tenant, id, contentHash, action, area, category, workspace, actor] = texts;
  if (!tenant || !id || contentHash?.length !== 43 || !action || !area || !category || !actor) return undefined;
  if (occurredAt === undefined || receivedAt === undefined || workspace === undefined) return undefined;
  return {
    tenant,
    id,
    contentHash,
    action,
    area,
    category,
    occurredAt,
    receivedAt,
    workspace,
    actor,
    clockSkew: headerText(headers, 'clockSkew') === '1',
  };
}

export function decodeStoredHeaders(headers: IncomingHeaders): StoredHeaders | undefined {
  const accepted = decodeAcceptedHeaders(headers);
  const seq = headerInteger(headers, 'seq');
  const acceptedOffset = headerInteger(headers, 'acceptedOffset');
  if (!accepted || seq === undefined || acceptedOffset === undefined) return undefined;
  const previous = headerInteger(headers, 'previous');
  return { ...accepted, seq, acceptedOffset, ...(previous === undefined ? {} : { previous }) };
}

export function decodeRejectedHeaders(headers: IncomingHeaders): RejectedHeaders | undefined {
  const partition = headerInteger(headers, 'partition');
  const offset = headerInteger(headers, 'offset');
  const lastOffset = headerInteger(headers, 'lastOffset');
  const timestamp = headerInteger(headers, 'timestamp');
  const reason = headerText(headers, 'reason');
  const topic = headerText(headers, 'topic');
  if (partition === undefined || offset === undefined || lastOffset === undefined || timestamp === undefined)
    return undefined;
  if (!isQuarantineReason(reason) || !topic) return undefined;
  return {
    reason,
    detail: headerText(headers, 'detail'),
    topic,
    partition,
    offset,
    lastOffset,
    timestamp,
    tenant: headerText(headers, 'tenant'),
    action: headerText(headers, 'action'),
  };
}
