// Cuts a HEC body, concatenated JSON objects or an array of them, into its objects, and says where it stops being JSON.
import { isObject, type JsonObject } from './event';

export interface HecObjects {
  readonly objects: readonly JsonObject[];
  /** The body stops being readable at the object that would follow. */
  readonly malformed: boolean;
}

export function readHecObjects(body: Buffer): HecObjects {
  const objects: JsonObject[] = [];
  const inArray = firstByte(body) === openBracket;
  let at = 0;
  for (;;) {
    at = skip(body, at, inArray);
    if (at >= body.length) return { objects, malformed: false };
    const end = endOfObject(body, at);
    const value = end === -1 ? undefined : parse(body.subarray(at, end));
    if (!isObject(value)) return { objects, malformed: true };
    objects.push(value);
    at = end;
  }
}

const openBracket = 0x5b;
const space = new Set([0x20, 0x09, 0x0a, 0x0d]);
const arrayPunctuation = new Set([openBracket, 0x5d, 0x2c]);

function firstByte(body: Buffer): number | undefined {
  return body.find((byte) => !space.has(byte));
}

function skip(body: Buffer, from: number, inArray: boolean): number {
  let at = from;
  while (at < body.length) {
    const byte = body[at] ?? 0;
    if (!space.has(byte) && !(inArray && arrayPunctuation.has(byte))) break;
    at++;
  }
  return at;
}

/** One past the brace that closes the object at `from`; −1 where there is none. */
function endOfObject(body: Buffer, from: number): number {
  let depth = 0;
  let inString = false;
  for (let at = from; at < body.length; at++) {
    const byte = body[at];
    if (inString) {
      if (byte === 0x5c) at++;
      else if (byte === 0x22) inString = false;
    } else if (byte === 0x22) inString = true;
    else if (byte === 0x7b) depth++;
    else if (byte === 0x7d && --depth === 0) return at + 1;
    if (depth === 0) return -1;
  }
  return -1;
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
