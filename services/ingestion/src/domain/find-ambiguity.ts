// Finds what makes a valid JSON object mean different things to different readers, or unfit for the store: a key that stands
// twice, a key that reaches into prototypes, a NUL, half a surrogate pair.
import type { AuditEvent } from '@auditlane/contracts';
import { isObject, type DecodedObject } from './decode-json';
import { excerpt, refused, type Refusal } from './refusal';

const forbiddenKeys = ['__proto__', 'constructor', 'prototype'] as const;

/** The quick answer, for an event that passed validation. */
export function findAmbiguityIn(event: AuditEvent, decoded: DecodedObject): Refusal | undefined {
  if (!hasItsKeysOnce(event, decoded)) return findAmbiguity(decoded);
  return decoded.scan.unicodeEscapes ? findBadText(decoded.value, '') : undefined;
}

/** No key stands twice where the text has as many as the event. Only `parameters` can have keys that the contract does not name. */
function hasItsKeysOnce(event: AuditEvent, { scan, value }: DecodedObject): boolean {
  // An event out of an envelope is not the whole text.
  if (event !== value) return false;
  const { actor, context, parameters, workspace } = event;
  let keys = Object.keys(event).length + Object.keys(actor).length;
  if (context) keys += Object.keys(context).length;
  if (workspace) keys += Object.keys(workspace).length;
  if (parameters) {
    keys += Object.keys(parameters).length;
    for (const key of forbiddenKeys) if (Object.hasOwn(parameters, key)) return false;
  }
  return keys === scan.keys;
}

/** The thorough answer, on any JSON object, with the words for the producer. */
export function findAmbiguity({ value, text, scan }: DecodedObject): Refusal | undefined {
  const forbidden = findForbiddenKey(value);
  if (forbidden !== undefined)
    return refused('forbidden_key', `The key "${forbidden}" is not allowed at any depth. Rename it.`);
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined)
    return refused('duplicate_key', `The key ${excerpt(duplicate)} stands twice in one object. Send each key once.`);
  return scan.unicodeEscapes ? findBadText(value, '') : undefined;
}

/** The depth is known to be small, so recursion is safe. */
function findForbiddenKey(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (!Array.isArray(value)) {
    const found = forbiddenKeys.find((key) => Object.hasOwn(value, key));
    if (found !== undefined) return found;
  }
  for (const item of Object.values(value)) {
    const found = findForbiddenKey(item);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** On valid JSON: a whole string, or a bracket, or the colon that makes the string before it a key. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}:]/g;

/** Parsers disagree on which of the two values counts: what one service checked is not what the next one reads. */
function findDuplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  let before = '';
  for (const [token] of json.matchAll(tokens)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (token === ':') {
      const key: unknown = JSON.parse(before);
      const keys = open.at(-1);
      if (typeof key === 'string' && keys?.has(key)) return key;
      if (typeof key === 'string') keys?.add(key);
    }
    before = token;
  }
  return undefined;
}

/** PostgreSQL takes neither a NUL in text nor half a surrogate pair in jsonb; changing either would change what was said. */
function findBadText(value: unknown, path: string): Refusal | undefined {
  if (typeof value === 'string') return judgeText(value, path === '' ? 'The event' : excerpt(path));
  if (Array.isArray(value)) {
    for (const item of value) {
      const bad = findBadText(item, path);
      if (bad) return bad;
    }
    return undefined;
  }
  if (!isObject(value)) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const bad = judgeText(key, 'A key') ?? findBadText(item, path === '' ? key : `${path}.${key}`);
    if (bad) return bad;
  }
  return undefined;
}

function judgeText(text: string, where: string): Refusal | undefined {
  if (text.includes('\0')) return refused('nul_character', `${where} contains \\u0000. Remove the NUL character.`);
  if (!text.isWellFormed())
    return refused('lone_surrogate', `${where} contains half a surrogate pair. Send whole Unicode characters.`);
  return undefined;
}
