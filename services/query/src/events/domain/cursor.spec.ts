import * as fc from 'fast-check';
import { CursorKey, type Cursor } from './cursor';
import { filterText } from './event-filter';

const key = new CursorKey('a secret of the installation');
const scope = { tenant: 'acme', filterText: filterText({ area: 'cases' }) };
const cursor: Cursor = { upTo: 1000, after: { occurredAtMicros: '1763900000123456', seq: 950 } };

describe('a cursor', () => {
  it('opens where it was sealed for', () => {
    expect(key.open(key.seal(cursor, scope), scope)).toEqual(cursor);
  });

  it.each([
    ['another tenant', { ...scope, tenant: 'other' }],
    ['another filter', { ...scope, filterText: filterText({ area: 'users' }) }],
    ['no filter', { ...scope, filterText: filterText({}) }],
  ])('does not open for %s', (_name, other) => {
    expect(key.open(key.seal(cursor, scope), other)).toBeUndefined();
  });

  it('does not open under another key', () => {
    expect(new CursorKey('another secret').open(key.seal(cursor, scope), scope)).toBeUndefined();
  });

  it('does not open once any character was changed, added or taken away', () => {
    const sealed = key.seal(cursor, scope);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.constantFrom('A', 'b', '9', '_', '-', ''), (at, replacement) => {
        const changed = sealed.slice(0, at) + replacement + sealed.slice(at + 1);
        return changed === sealed || key.open(changed, scope) === undefined;
      }),
    );
    expect(key.open(`${sealed}A`, scope)).toBeUndefined();
  });

  it('does not open any text that came from elsewhere', () => {
    fc.assert(fc.property(fc.string(), (text) => key.open(text, scope) === undefined));
  });

  it('tells tenant and filter apart however they are spelt', () => {
    const sealed = key.seal(cursor, { tenant: 'a', filterText: 'b' });
    expect(key.open(sealed, { tenant: 'a","b', filterText: '' })).toBeUndefined();
  });
});

describe('the text of a filter', () => {
  it('does not depend on the order in which its parts were given, and keeps them apart', () => {
    expect(filterText({ actor: 'x', area: 'cases' })).toBe(filterText({ area: 'cases', actor: 'x' }));
    expect(filterText({ actor: 'x' })).not.toBe(filterText({ workspace: 'x' }));
  });
});
