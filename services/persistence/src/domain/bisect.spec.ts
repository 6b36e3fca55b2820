// Holds that closing in on a bad record ends, tries the left half first, and touches each good record's range once it is clean.
import * as fc from 'fast-check';
import { type Cuts, cutInHalf, limitFor, noCuts, passed } from './bisect';

describe('bisect', () => {
  it('tries the left half first, then what is left of the range', () => {
    const cuts = cutInHalf(noCuts, 0, 8);
    expect(limitFor(cuts, 0)).toBe(4);
    const inner = cutInHalf(cuts, 0, 4);
    expect(limitFor(inner, 0)).toBe(2);
    expect(limitFor(passed(inner, 2), 2)).toBe(4);
    expect(limitFor(passed(inner, 4), 4)).toBe(8);
    expect(limitFor(passed(inner, 8), 8)).toBe(Infinity);
  });

  it('finds every bad record in any range, in logarithmic tries for each', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.uniqueArray(fc.nat(499), { maxLength: 4 }), (size, bad) => {
        const wrong = new Set(bad.filter((offset) => offset < size));
        const found: number[] = [];
        let cuts: Cuts = noCuts;
        let tries = 0;
        for (let from = 0; from < size;) {
          const to = Math.min(size, limitFor(cuts, from));
          tries += 1;
          const refused = [...wrong].some((offset) => offset >= from && offset < to);
          if (refused && to - from > 1) {
            cuts = cutInHalf(cuts, from, to);
            continue;
          }
          if (refused) found.push(from);
          from = to;
          cuts = passed(cuts, from);
        }
        expect(found).toEqual([...wrong].sort((a, b) => a - b));
        expect(tries).toBeLessThanOrEqual(1 + wrong.size * (2 * Math.ceil(Math.log2(size)) + 2));
      }),
    );
  });
});
