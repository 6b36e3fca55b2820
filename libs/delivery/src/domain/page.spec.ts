// A page that is not what it should be: gaps are found, pages that were merely cut are not mistaken for gaps.
import type { DeliverableEvent } from '@auditlane/destinations';
import { examinePage } from './page';
import { testEvent } from '../../test/test-event';

const rows = (...seqs: number[]): DeliverableEvent[] => seqs.map((seq) => testEvent('acme', seq));

describe('a page read from the store', () => {
  it('is complete when it reaches the head', () => {
    expect(examinePage(4, rows(4, 5, 6), 6)).toEqual({ gaps: [], through: 6, complete: true });
  });

  it('was cut when rows end before the head: that is no gap', () => {
    expect(examinePage(4, rows(4, 5), 9)).toEqual({ gaps: [], through: 5, complete: false });
  });

  it('has a gap where its first row is not the one asked for, and where it jumps', () => {
    expect(examinePage(4, rows(7, 8, 11), 11)).toEqual({
      gaps: [
        { fromSeq: 4, toSeq: 6 },
        { fromSeq: 9, toSeq: 10 },
      ],
      through: 11,
      complete: true,
    });
  });

  it('without any row below the head is one gap up to the head', () => {
    expect(examinePage(4, [], 9)).toEqual({ gaps: [{ fromSeq: 4, toSeq: 9 }], through: 9, complete: true });
  });

  it('without any row at the head is the end', () => {
    expect(examinePage(10, [], 9)).toEqual({ gaps: [], through: 9, complete: true });
  });
});
