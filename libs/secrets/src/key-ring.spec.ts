// A sealed token opens where it belongs and nowhere else, whatever is done to it.
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import {
  activateKey,
  createKeyRingFile,
  KeyRing,
  prepareKey,
  removeKeys,
  type SealedSecret,
  type SecretPlace,
} from './index';
import { placeBytes } from './sealed-secret';

const place: SecretPlace = { tenant: 'acme', destination: 'd-1', field: 'token', version: 3 };
const keys = { old: randomBytes(32), fresh: randomBytes(32) };
const ring = (active: 'old' | 'fresh', ...present: ('old' | 'fresh')[]) =>
  KeyRing.of({ active, keys: new Map(present.map((id) => [id, keys[id]])) });
const both = ring('old', 'old', 'fresh');

const part = fc.oneof(fc.string({ minLength: 1, maxLength: 20 }), fc.string({ unit: fc.constantFrom('a', '|', '\0') }));
const places: fc.Arbitrary<SecretPlace> = fc.record({
  tenant: part,
  destination: part,
  field: part,
  version: fc.nat(),
});

describe('a sealed secret', () => {
  test('opens to the very text that was sealed, for every text and place', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), places, (text, at) => {
        expect(both.open(both.seal(text, at), at)).toEqual({ kind: 'open', value: text });
      }),
    );
  });

  test('survives the way through jsonb', () => {
    const stored: unknown = JSON.parse(JSON.stringify(both.seal('s3cret', place)));
    expect(both.open(stored, place)).toEqual({ kind: 'open', value: 's3cret' });
  });

  test('never looks the same twice and never shows its text', () => {
    const a = both.seal('correct horse battery', place);
    const b = both.seal('correct horse battery', place);
    expect(a.ct).not.toBe(b.ct);
    expect(a.dek).not.toBe(b.dek);
    expect(JSON.stringify(a)).not.toContain('correct');
  });

  test('does not open in another tenant, destination, field or version', () => {
    fc.assert(
      fc.property(places, places, (from, to) => {
        fc.pre(JSON.stringify(from) !== JSON.stringify(to));
        const opened = both.open({ ...both.seal('s', from), version: to.version }, to);
        expect(opened).toEqual({ kind: 'unavailable', reason: 'secret_unavailable', cause: 'not_authentic' });
      }),
    );
  });

  test('has a place of its own for every tenant, destination, field and version', () => {
    fc.assert(
      fc.property(places, places, (a, b) => {
        const same = JSON.stringify(a) === JSON.stringify(b);
        expect(placeBytes('secret', a).equals(placeBytes('secret', b))).toBe(same);
      }),
    );
  });

  test('fails with every single bit of every part flipped', () => {
    const sealed = both.seal('s3cret token', place);
    for (const field of ['dek', 'iv', 'ct', 'tag'] as const) {
      const bytes = Buffer.from(sealed[field], 'base64');
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = Buffer.from(bytes);
        flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(both.open({ ...sealed, [field]: flipped.toString('base64') }, place).kind).toBe('unavailable');
      }
    }
  });

  test('fails with every character of its JSON form changed', () => {
    const text = JSON.stringify(both.seal('s3cret token', place));
    for (let i = 0; i < text.length; i++) {
      const changed = text.slice(0, i) + (text[i] === 'A' ? 'B' : 'A') + text.slice(i + 1);
      let value: unknown;
      try {
        value = JSON.parse(changed);
      } catch {
        continue;
      }
      expect(both.open(value, place).kind).toBe('unavailable');
    }
  });

  test.each([
    ['null', null],
    ['text', 'plain token'],
    ['an empty object', {}],
    ['a cut-off ciphertext', { ...both.seal('s3cret', place), tag: 'AAAA' }],
    ['another format version', { ...both.seal('s3cret', place), v: 2 }],
    ['an extra field', { ...both.seal('s3cret', place), note: 'x' }],
  ])('that is %s is unavailable, not an exception', (_name, value) => {
    expect(both.open(value, place)).toEqual({
      kind: 'unavailable',
      reason: 'secret_unavailable',
      cause: 'malformed',
    });
  });

  test('of an unknown key is unavailable and says so', () => {
    const sealed = both.seal('s3cret', place);
    expect(ring('fresh', 'fresh').open(sealed, place)).toEqual({
      kind: 'unavailable',
      reason: 'secret_unavailable',
      cause: 'unknown_key',
    });
  });

  test('with its data key swapped against that of another secret of the same place does not open', () => {
    const one = both.seal('one', place);
    const two = both.seal('two', place);
    expect(both.open({ ...one, dek: two.dek }, place).kind).toBe('unavailable');
  });
});

describe('rotation', () => {
  const sealed: SealedSecret = both.seal('s3cret', place);

  test('wraps the data key again and leaves the secret as it is', () => {
    const rotated = ring('fresh', 'old', 'fresh').rewrap(sealed, place);
    expect(rotated).toMatchObject({ kind: 'rewrapped', sealed: { kek: 'fresh', ct: sealed.ct, iv: sealed.iv } });
    if (rotated.kind === 'unavailable') throw new Error('unavailable');
    expect(ring('fresh', 'fresh').open(rotated.sealed, place)).toEqual({ kind: 'open', value: 's3cret' });
  });

  test('leaves both versions readable while both keys are in the ring', () => {
    const during = ring('fresh', 'old', 'fresh');
    expect(during.open(sealed, place).kind).toBe('open');
    expect(during.open(during.seal('new', place), place).kind).toBe('open');
  });

  test('done twice changes nothing', () => {
    const during = ring('fresh', 'old', 'fresh');
    const once = during.rewrap(sealed, place);
    if (once.kind === 'unavailable') throw new Error('unavailable');
    expect(during.rewrap(once.sealed, place)).toEqual({ kind: 'current', sealed: once.sealed });
  });

  test('of a secret whose key is gone, or that belongs elsewhere, is refused', () => {
    expect(ring('fresh', 'fresh').rewrap(sealed, place)).toMatchObject({ cause: 'unknown_key' });
    expect(ring('fresh', 'old', 'fresh').rewrap(sealed, { ...place, tenant: 'evil' })).toMatchObject({
      cause: 'not_authentic',
    });
  });
});

describe('the key ring file', () => {
  let directory: string;
  let file: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'key-ring-'));
    file = join(directory, 'keys.json');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test('is made with mode 0600 and opens what it sealed in another process life', () => {
    createKeyRingFile(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const sealed = KeyRing.load(file).seal('s3cret', place);
    expect(KeyRing.load(file).open(sealed, place)).toEqual({ kind: 'open', value: 's3cret' });
    expect(sealed.kek).toBe(KeyRing.load(file).activeKey);
  });

  test('is never overwritten', () => {
    createKeyRingFile(file);
    const before = readFileSync(file, 'utf8');
    expect(() => createKeyRingFile(file)).toThrow(/EEXIST/);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  test('takes a prepared key in beside the old ones, and makes it the active one, each once', () => {
    createKeyRingFile(file);
    const first = KeyRing.load(file).activeKey;
    const next = prepareKey(file);
    expect(prepareKey(file)).toBe(next);
    expect(KeyRing.load(file)).toMatchObject({ activeKey: first, nextKey: next, keys: [first, next] });
    expect(activateKey(file)).toBe(next);
    expect(activateKey(file)).toBe(next);
    expect(KeyRing.load(file)).toMatchObject({ activeKey: next, nextKey: undefined, keys: [first, next] });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(directory)).toEqual(['keys.json']);
  });

  test('loses a key for good, and never the active one', () => {
    createKeyRingFile(file);
    const sealed = KeyRing.load(file).seal('s3cret', place);
    prepareKey(file);
    const active = activateKey(file);
    expect(() => removeKeys(file, [active])).toThrow('the active key cannot be removed');
    removeKeys(file, [sealed.kek]);
    expect(KeyRing.load(file).keys).toEqual([active]);
    expect(KeyRing.load(file).open(sealed, place)).toMatchObject({ cause: 'unknown_key' });
  });

  test('that changes is taken in by those that have read it before, who keep what they knew', () => {
    createKeyRingFile(file);
    const [sealer, opener] = [KeyRing.load(file), KeyRing.load(file)];
    const before = sealer.seal('before', place);
    prepareKey(file);
    const active = activateKey(file);
    const after = sealer.seal('after', place);
    expect(after.kek).toBe(active);
    expect(opener.open(after, place)).toEqual({ kind: 'open', value: 'after' });
    removeKeys(file, [before.kek]);
    sealer.refresh();
    expect([sealer, opener].map((ring) => ring.open(before, place))).toEqual([
      { kind: 'open', value: 'before' },
      { kind: 'open', value: 'before' },
    ]);
  });

  test('that is broken or gone while a process runs changes nothing for it', () => {
    createKeyRingFile(file);
    const running = KeyRing.load(file);
    writeFileSync(file, '{"active":');
    const sealed = running.seal('s3cret', place);
    rmSync(file);
    expect(running.open(sealed, place)).toEqual({ kind: 'open', value: 's3cret' });
    expect(running.open({ ...sealed, kek: 'unknown' }, place)).toMatchObject({ cause: 'unknown_key' });
  });

  test('that is missing stops the start with words that say what to do', () => {
    expect(() => KeyRing.load(file)).toThrow(/cannot be read: mount it/);
  });

  test('that others can read stops the start', () => {
    createKeyRingFile(file);
    chmodSync(file, 0o640);
    expect(() => KeyRing.load(file)).toThrow(/mode 640\): chmod 600/);
  });

  test.each([
    ['not JSON', '{'],
    ['without keys', '{"active":"a","keys":{}}'],
    ['with another active key', `{"active":"b","keys":{"a":"${Buffer.alloc(32).toString('base64')}"}}`],
    ['with a short key', `{"active":"a","keys":{"a":"${Buffer.alloc(16, 7).toString('base64')}"}}`],
    ['with an active key inherited from Object', '{"active":"constructor","keys":{}}'],
  ])('%s stops the start and shows no key', (_name, text) => {
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => KeyRing.load(file)).toThrow(/key ring/);
    expect(() => KeyRing.load(file)).not.toThrow(Buffer.alloc(16, 7).toString('base64').slice(0, 12));
  });
});
