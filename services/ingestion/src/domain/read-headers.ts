// Reads the few record headers that ingestion heeds. A header that could be read in two ways is refused, never guessed at.
import { isUtf8 } from 'node:buffer';
import type { IncomingHeaders } from '@auditlane/contracts';
import { excerpt, refused, type Refusal } from './refusal';

const maxHeaders = 100;
const maxHeaderBytes = 16 * 1024;

const heeded = [
  'tenant',
  'content-type',
  'ce_specversion',
  'ce_id',
  'ce_source',
  'ce_type',
  'ce_time',
  'ce_tenantid',
] as const;
export type HeededHeaders = Readonly<Partial<Record<(typeof heeded)[number], string>>>;

export interface ReadHeaders {
  readonly kind: 'headers';
  readonly values: HeededHeaders;
}

const none: ReadHeaders = { kind: 'headers', values: {} };

export function readHeaders(headers: IncomingHeaders): ReadHeaders | Refusal {
  const entries = Object.entries(headers);
  if (entries.length === 0) return none;
  let count = 0;
  let bytes = 0;
  for (const [name, value] of entries) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) {
      count++;
      bytes += Buffer.byteLength(name) + Buffer.byteLength(one);
    }
  }
  if (count > maxHeaders)
    return refused('headers_refused', `The record has ${count} headers; at most ${maxHeaders} are taken. Send fewer.`);
  if (bytes > maxHeaderBytes)
    return refused(
      'headers_refused',
      `The record's headers take ${bytes} bytes; at most ${maxHeaderBytes} are taken. Put facts into parameters.`,
    );

  const values: Partial<Record<(typeof heeded)[number], string>> = {};
  for (const name of heeded) {
    const value = headers[name];
    if (value === undefined) continue;
    if (Array.isArray(value))
      return refused('headers_refused', `The header "${name}" stands ${value.length} times. Send it once.`);
    if (typeof value !== 'string' && !isUtf8(value))
      return refused('headers_refused', `The header "${name}" is not UTF-8. Send it as UTF-8 text.`);
    values[name] = value.toString('utf8');
  }
  return { kind: 'headers', values };
}

/** The tenant that stands beside the event must be the event's: whoever routed by the one would else store under the other. */
export function checkTenantHeaders(headers: HeededHeaders, tenantId: string): Refusal | undefined {
  for (const name of ['tenant', 'ce_tenantid'] as const) {
    const named = headers[name];
    if (named !== undefined && named !== tenantId)
      return refused(
        'tenant_header_conflict',
        `The header "${name}" names ${excerpt(named)}, the event ${excerpt(tenantId)}. Make them equal or leave the header out.`,
      );
  }
  return undefined;
}
