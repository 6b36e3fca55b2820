// Holds the number reader to decimal arithmetic, digit by digit.
import * as fc from 'fast-check';
import { survivesParsing } from './exact-number';

describe('a number text', () => {
  it.each([
    '0',
    '-1',
    '1.0',
    '1.50',
    '1e2',
    '1E+2',
    '100e-2',
    '0.1',
    '0e99',
    '9007199254740992',
    '5e-324',
    '1e308',
    '-0.5',
  ])('%s survives', (token) => {
    expect(survivesParsing(token)).toBe(true);
  });

  it.each(['-0', '-0.0', '-0e5', '1e309', '-1e999', '1e-400', '9007199254740993', '0.30000000000000004441', '4e-324'])(
    '%s does not survive',
    (token) => {
      expect(survivesParsing(token)).toBe(false);
    },
  );

  it('survives wherever JavaScript printed it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(survivesParsing(String(number))).toBe(true);
        expect(survivesParsing(number.toExponential())).toBe(true);
      }),
    );
  });

  it('survives as an integer exactly where a double holds that integer in its shortest form', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 70n }), (integer) => {
        const printed = BigInt(Number(integer).toLocaleString('en', { useGrouping: false, maximumFractionDigits: 0 }));
        expect(survivesParsing(String(integer))).toBe(printed === integer);
      }),
    );
  });
});
