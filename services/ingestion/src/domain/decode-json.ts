// Reads a record's bytes as one JSON object, or says why they are none. Judged on the bytes: what JSON.parse repairs silently
// would otherwise be stored as if the producer had said so.
import { isAscii, isUtf8 } from 'node:buffer';
import type { EventLimits } from '@auditlane/contracts';
import { excerpt, refused, type Refusal } from './refusal';
import { scanJson, type JsonScan } from './scan-json';

export interface DecodedObject {
  readonly kind: 'object';
  readonly value: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly scan: JsonScan;
}

/** What it returns can still hold what only `findAmbiguity` sees: keys that stand twice, keys and characters that are not taken. */
export function decodeJson(bytes: Buffer, limits: Pick<EventLimits, 'depth'>): DecodedObject | Refusal {
  const ascii = isAscii(bytes);
  if (!ascii && !isUtf8(bytes))
    return refused('invalid_utf8', 'The value is not UTF-8. Encode the JSON text as UTF-8 without a byte order mark.');
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf)
    return refused('malformed_json', 'The value starts with a byte order mark. Send the JSON text without it.');

  const scan = scanJson(bytes, limits.depth);
  if (scan.depth > limits.depth)
    return refused('too_deep', `The value nests deeper than ${limits.depth} levels. Flatten it: parameters are flat.`);

  const text = bytes.toString(ascii ? 'latin1' : 'utf8');
  const parsed = parse(text);
  if (parsed.kind === 'refused') return parsed;
  const { value } = parsed;
  if (!isObject(value))
    return refused(
      'not_an_object',
      `The value is ${nameOf(value)}. Send one JSON object, the audit event, per record.`,
    );
  if (scan.inexactNumber !== undefined)
    return refused(
      'number_not_exact',
      `The number ${excerpt(scan.inexactNumber)} cannot be kept as it is in double precision. Send it as a string.`,
    );
  return { kind: 'object', value, text, scan };
}

function parse(text: string): { readonly kind: 'parsed'; readonly value: unknown } | Refusal {
  try {
    const value: unknown = JSON.parse(text);
    return { kind: 'parsed', value };
  } catch (error) {
    // The parser's own words quote the body, so only the place is taken from them.
    const at = /position \d+/.exec(error instanceof Error ? error.message : '')?.[0] ?? 'its end';
    return refused(
      'malformed_json',
      `The value is not valid JSON: the text breaks at ${at}. Send one complete JSON object.`,
    );
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}
