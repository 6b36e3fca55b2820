// Holds the search for a record that ends its process: it finds exactly that record, and a healthy partition pays nothing.
import * as fc from 'fast-check';
import { limitFor, passed } from './bisect';
import { judgeLedger, type Ledger, nextAttempt } from './crash-ledger';

describe('judgeLedger', () => {
  it('suspects nothing at the first claim, nor where the claim before got on', () => {
    expect(judgeLedger(undefined, 0).until).toBe(-1);
    expect(judgeLedger({ claimedNextOffset: 5, attempt: undefined }, 9).until).toBe(-1);
    expect(judgeLedger({ claimedNextOffset: 5, attempt: { from: 5, to: 9, tries: 1 } }, 9).until).toBe(-1);
  });

  it('notes attempts until the first success where the claim before got nowhere', () => {
    expect(judgeLedger({ claimedNextOffset: 5, attempt: undefined }, 5)).toMatchObject({
      until: 6,
      givenUp: undefined,
    });
  });

  it('halves a noted range that never ended', () => {
    const { cuts, until } = judgeLedger({ claimedNextOffset: 5, attempt: { from: 5, to: 25, tries: 1 } }, 5);
    expect(limitFor(cuts, 5)).toBe(15);
    expect(until).toBe(25);
  });

  it('gives a record up only after it has ended three processes alone', () => {
    const alone = (tries: number) =>
      judgeLedger({ claimedNextOffset: 5, attempt: { from: 5, to: 6, tries } }, 5).givenUp;
    expect([1, 2, 3].map(alone)).toEqual([undefined, undefined, 5]);
  });

  it('finds the one record that ends its process, and no other, however batches are cut', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 300 }),
        fc.nat(299),
        fc.integer({ min: 1, max: 100 }),
        (size, nth, batch) => {
          const deadly = nth % size;
          expect(givenUpIn(size, deadly, batch)).toEqual([deadly]);
        },
      ),
    );
  });
});

/** Runs processes until all offsets are done; each dies when it processes `deadly`. Returns what was given up. */
function givenUpIn(size: number, deadly: number, batch: number): number[] {
  const givenUp: number[] = [];
  let next = 0;
  let ledger: Ledger | undefined;
  for (let processes = 0; next < size; processes++) {
    if (processes > 100) throw new Error('never ends');
    const suspicion = judgeLedger(ledger, next);
    ledger = { claimedNextOffset: next, attempt: ledger?.attempt };
    let { cuts } = suspicion;
    while (next < size) {
      const to = Math.min(size, next + batch, limitFor(cuts, next));
      if (next < suspicion.until) {
        ledger = { ...ledger, attempt: nextAttempt(suspicion.unfinished, next, to) };
      }
      const forgiven = suspicion.givenUp === next && to === next + 1;
      if (deadly >= next && deadly < to && !forgiven) break;
      if (forgiven) givenUp.push(next);
      next = to;
      cuts = passed(cuts, next);
    }
  }
  return givenUp;
}
