// Holds where a transaction's share of what was fetched ends.
import { sourceRecord } from '../../test/accepted-records';
import { takeBatch } from './take-batch';

const record = (offset: number, bytes = 10) => sourceRecord(offset, {}, { value: Buffer.alloc(bytes) });
const taken = (bytes: number[], limits: { records: number; bytes: number }, end = Infinity) =>
  takeBatch(
    bytes.map((size, offset) => record(offset, size)),
    limits,
    end,
  ).length;

describe('takeBatch', () => {
  it('ends at the record limit, the byte limit or the cut, whichever comes first', () => {
    expect(taken([10, 10, 10], { records: 2, bytes: 100 })).toBe(2);
    expect(taken([10, 10, 10], { records: 9, bytes: 25 })).toBe(2);
    expect(taken([10, 10, 10], { records: 9, bytes: 100 }, 1)).toBe(1);
    expect(taken([10, 10, 10], { records: 9, bytes: 100 })).toBe(3);
  });

  it('takes one record even where it alone is more than the limit', () => {
    expect(taken([500, 10], { records: 9, bytes: 100 })).toBe(1);
  });
});
