// Holds decoding to finding on the bytes what JSON.parse would take without a word.
import * as fc from 'fast-check';
import { decodeJson } from './decode-json';
import { findAmbiguity } from './find-ambiguity';

const limits = { depth: 8 };
function reasonFor(text: string | Buffer): string {
  const decoded = decodeJson(Buffer.from(text), limits);
  if (decoded.kind === 'refused') return decoded.reason;
  return findAmbiguity(decoded)?.reason ?? 'taken';
}
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

describe('decoding', () => {
  it('takes any JSON object as JSON.parse does, where nothing in it is ambiguous', () => {
    const forbidden = new Set(['__proto__', 'constructor', 'prototype']);
    const key = fc.string().filter((name) => !forbidden.has(name) && !name.includes('\0'));
    const value = fc.oneof(
      fc.string().filter((text) => !text.includes('\0')),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(
        fc.dictionary(key, fc.oneof(value, fc.array(value), fc.dictionary(key, value))),
        fc.nat(4),
        (object, indent) => {
          const text = JSON.stringify(object, undefined, indent);
          const decoded = decodeJson(Buffer.from(text), limits);
          expect(decoded).toMatchObject({ kind: 'object', value: JSON.parse(text) });
          expect(decoded.kind === 'object' && findAmbiguity(decoded)).toBeUndefined();
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('counts levels outside strings only, up to the limit and not one more', () => {
    expect(reasonFor(nested(8))).toBe('taken');
    expect(reasonFor(nested(9))).toBe('too_deep');
    expect(reasonFor(`{"a":"${'['.repeat(100)}\\"${'{'.repeat(100)}"}`)).toBe('taken');
  });

  it('sees a key that stands twice at any depth, in any spelling', () => {
    expect(reasonFor('{"a":1,"b":2,"a":3}')).toBe('duplicate_key');
    expect(reasonFor('{"x":[{"a":{"b":1,"\\u0062":2}}]}')).toBe('duplicate_key');
    expect(reasonFor('{"a":{"a":1},"b":{"a":":"}}')).toBe('taken');
  });

  it('names no more of the body than the place where it breaks', () => {
    const decoded = decodeJson(Buffer.from('{"password":"canary" "x"}'), limits);
    expect(decoded).toMatchObject({ reason: 'malformed_json', detail: expect.stringContaining('position 21') });
    expect(decoded).not.toMatchObject({ detail: expect.stringContaining('canary') });
  });

  it('takes a number that is not exact for what it is, wherever it stands', () => {
    for (const text of ['{"a":-0}', '{"a":[1,2,1e400]}', '{"a":{"b":123456789012345678901}}'])
      expect(reasonFor(text)).toBe('number_not_exact');
    expect(reasonFor('{"a":"-0","b":"1e400"}')).toBe('taken');
  });
});
