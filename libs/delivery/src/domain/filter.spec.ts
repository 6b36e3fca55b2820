// What a destination's filter does to its lane: unwanted events ask for nothing, hold up nothing, and still show that none is missing.
import type { DestinationView } from './effects';
import { busy, delivered, OnePartition, standing, unauthorized, view } from '../../test/one-partition';

const odd = (changes: Partial<DestinationView> = {}): DestinationView =>
  view({ wanted: ({ seq }) => seq % 2 === 1, ...changes });
const even = (changes: Partial<DestinationView> = {}): DestinationView =>
  view({ wanted: ({ seq }) => seq % 2 === 0, ...changes });

describe('a lane with a filter', () => {
  it('sends what is wanted and lets the commit pass the rest', () => {
    const one = new OnePartition({ views: [odd()] });
    one.arrive([1, 2, 3, 4]);
    one.answer(delivered);
    one.answer(delivered);
    expect(one.sent().flat()).toEqual([1, 3]);
    expect(one.partition.committable).toEqual({ offset: 4, acceptedOffset: 4 });
  });

  it('passes pages in which nothing is wanted without a request, with no more than one write a page', () => {
    const none = view({ wanted: () => false });
    const one = new OnePartition({
      views: [none],
      saved: [{ ...standing(), cursor: { nextSeq: 1, state: 'parked', reason: 'busy', since: 0 } }],
    });
    one.pass(60_000);
    for (let from = 1; from < 100; from += 4) {
      const before = one.all('write').length;
      expect(one.last('read').read).toMatchObject({ fromSeq: from, maxEvents: 4 });
      one.page([from, from + 1, from + 2, from + 3], 100);
      expect(one.all('write').length - before).toBeLessThanOrEqual(1);
      one.written();
    }
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 101 });
    expect(one.sent()).toEqual([]);
    // The last page, read with an ear to Kafka, turns it live.
    expect(one.last('read').read).toMatchObject({ fromSeq: 101 });
    one.page([], 100);
    one.written();
    expect(one.all('live')).toHaveLength(1);
    one.arrive([101]);
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 101 });
  });

  it('sends nothing more that a new filter does not want: neither what was queued nor what was in flight and failed', () => {
    const one = new OnePartition({ views: [odd()] });
    one.arrive([1]);
    one.arrive([2, 3, 4, 5]);
    expect(one.sent()).toEqual([[1]]);
    one.configure(even({ version: 2 }));
    one.answer(busy);
    one.pass(1_000);
    one.arrive([6]);
    expect(one.sent()).toEqual([[1], [6]]);
    one.answer(delivered);
    expect(one.partition.committable).toEqual({ offset: 6, acceptedOffset: 6 });
  });

  it('sends nothing more that a new filter does not want while it waits to try again', () => {
    const one = new OnePartition({ views: [odd()] });
    one.arrive([1, 2, 3]);
    one.answer(busy);
    one.configure(even({ version: 2 }));
    expect(one.sent()).toEqual([[1, 3]]);
    expect(one.partition.committable).toEqual({ offset: 3, acceptedOffset: 3 });
  });

  it('takes what a parked destination is owed by the filter of the moment it drains in', () => {
    const one = new OnePartition({ views: [odd()] });
    one.arrive([1, 2, 3, 4]);
    one.answer(unauthorized);
    one.written();
    one.configure(even({ version: 2 }));
    one.page([1, 2, 3, 4], 4);
    one.written();
    expect(one.sent().at(-1)).toEqual([2, 4]);
  });
});
