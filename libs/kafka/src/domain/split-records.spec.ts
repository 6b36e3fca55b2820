import type { OutgoingRecord } from '@auditlane/contracts';
import * as fc from 'fast-check';
import { splitRecords, wireBytes } from './split-records';

const record = (bytes: number): OutgoingRecord => ({
  topic: 't',
  key: 'acme',
  value: Buffer.alloc(bytes),
  headers: { a: 'é' },
});

describe('splitRecords', () => {
  it('keeps every record, in order, in slices within the limit unless a record alone is larger', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2_000 })), fc.integer({ min: 100, max: 3_000 }), (sizes, limit) => {
        const records = sizes.map(record);
        const slices = splitRecords(records, limit);
        expect(slices.flat()).toEqual(records);
        for (const slice of slices)
          expect(slice.length === 1 || slice.reduce((sum, item) => sum + wireBytes(item), 0) <= limit).toBe(true);
      }),
    );
  });

  it('counts bytes, not characters', () => {
    expect(wireBytes({ topic: 't', key: 'é', value: Buffer.alloc(0), headers: {} })).toBe(34);
  });
});
