// The rules of a lane one by one; the model test proves that they hold together.
import { busy, delivered, OnePartition, poison, standing, unauthorized, view } from '../../test/one-partition';
import { testEvent } from '../../test/test-event';

describe('a live lane', () => {
  it('carries in one request what queued while the last one was in flight, up to the limit', () => {
    const one = new OnePartition();
    one.arrive([1]);
    one.arrive([2, 3, 4, 5, 6, 7]);
    one.answer(delivered);
    expect(one.sent()).toEqual([[1], [2, 3, 4, 5]]);
  });

  it('lets the commit follow the lowest event that is not delivered', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3]);
    one.answer([busy, delivered, busy]);
    expect(one.partition.committable).toBeUndefined();
    one.pass(1_000);
    expect(one.sent()).toEqual([
      [1, 2, 3],
      [1, 3],
    ]);
    one.answer(delivered);
    expect(one.partition.committable).toEqual({ offset: 3, acceptedOffset: 3 });
  });

  it('skips what comes again, by its offset in `accepted` and by its seq', () => {
    const one = new OnePartition({ committed: { offset: 0, acceptedOffset: 4 }, saved: [standing('d1', 5)] });
    one.arrive([3, 4, 5, 6]);
    expect(one.sent()).toEqual([[6]]);
  });

  it('parks at the lowest undelivered event when the oldest is three seconds old, and commits only then', () => {
    const one = new OnePartition();
    one.arrive([1, 2]);
    one.answer(busy);
    one.pass(2_999);
    expect(one.all('write')).toEqual([]);
    one.pass(1);
    expect(one.last('write').write.cursor).toEqual({ nextSeq: 1, state: 'parked', reason: 'busy' });
    expect(one.partition.committable).toBeUndefined();
    one.arrive([3]);
    one.written();
    expect(one.partition.committable).toEqual({ offset: 3, acceptedOffset: 3 });
  });

  it('parks at once where trying again cannot help', () => {
    const one = new OnePartition();
    one.arrive([1, 2]);
    one.answer(unauthorized);
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 1, reason: 'credentials_refused' });
    expect(one.all('turned')).toMatchObject([{ from: 'healthy', to: 'failing' }]);
  });

  it('parks at the missing seq, judged before the filter', () => {
    const odd = view({ wanted: ({ seq }) => seq % 2 === 1 });
    const one = new OnePartition({ views: [odd] });
    one.arrive([1]);
    one.answer(delivered);
    one.arrive([2, 4]);
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 3, reason: 'sequence_jump' });
  });

  it('sends nothing while the membership is in doubt', () => {
    const one = new OnePartition();
    one.fresh = false;
    one.arrive([1]);
    expect(one.sent()).toEqual([]);
    one.fresh = true;
    one.pass(250);
    expect(one.sent()).toEqual([[1]]);
  });

  it('goes on with an answer that comes after it parked: one request in flight, always', () => {
    const one = new OnePartition();
    one.arrive([1, 2]);
    one.pass(3_000);
    one.written();
    expect(one.all('read')).toEqual([]);
    one.answer(delivered);
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 3 });
    one.written();
    expect(one.last('read').read.fromSeq).toBe(3);
  });
});

describe('a full lane', () => {
  const small = { laneEvents: 4, laneLeastBytes: 0 };

  it('that delivers is waited for, and there is room again once it has delivered', () => {
    const one = new OnePartition({ knobs: small });
    one.arrive([1]);
    one.answer(delivered);
    expect(one.arrive([2, 3, 4, 5, 6])).toBe(4);
    expect(one.all('room')).toEqual([]);
    one.answer(delivered);
    expect(one.all('room')).toHaveLength(1);
    expect(one.all('write')).toEqual([]);
  });

  it('that does not deliver parks at once', () => {
    const one = new OnePartition({ knobs: small });
    expect(one.arrive([1, 2, 3, 4, 5])).toBe(5);
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 1, reason: 'lane_full' });
  });

  it('is not waited for any longer when its last success is a second old', () => {
    const one = new OnePartition({ knobs: small });
    one.arrive([1]);
    one.answer(delivered);
    expect(one.arrive([2, 3, 4, 5, 6])).toBe(4);
    one.pass(1_001);
    expect(one.all('room')).toHaveLength(1);
  });

  it('gives way where the lanes of the process are full: the largest one that stands still parks', () => {
    const views = [view(), view({ id: 'd2', tenant: 'busy' })];
    const saved = [standing(), standing('d2')];
    const one = new OnePartition({ views, saved, lanesBytes: 13_000, knobs: { laneLeastBytes: 0 } });
    one.arrive([1, 2, 3, 4, 5, 6]);
    one.pass(1_001);
    expect(one.arrive([11], 'busy')).toBe(1);
    expect(one.last('write').destination).toBe('d1');
    expect(one.sent('d2')).toEqual([[11]]);
  });
});

describe('refused events', () => {
  it('become dead letters when a later event is taken, and hold the commit until that is written', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3]);
    one.answer([delivered, poison, delivered]);
    expect(one.last('write').write).toMatchObject({ deadLetters: [{ refusal: { code: '400' } }] });
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 1 });
    one.written();
    expect(one.partition.committable).toEqual({ offset: 3, acceptedOffset: 3 });
  });

  it('are looked past at once where the receiver did not look any further itself', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3]);
    one.answer([delivered, poison, { kind: 'retry', reason: 'aborted', afterMs: 0 }]);
    expect(one.sent().at(-1)).toEqual([3]);
  });

  it('alone at the end of a lane are parked at, and the next arrival is tried at once', () => {
    const one = new OnePartition();
    one.arrive([1]);
    one.answer(poison);
    one.pass(3_000);
    expect(one.last('write').write).toMatchObject({ deadLetters: [], cursor: { reason: 'receiver_refused_event' } });
    one.written();
    one.page([1], 1);
    one.answer(poison);
    one.page([], 1);
    const tries = one.sent().length;
    one.arrive([2]);
    one.pass(0);
    one.page([1, 2], 2);
    one.answer(poison);
    one.answer(delivered);
    expect(one.sent().slice(tries)).toEqual([[1], [2]]);
    expect(one.last('write').write).toMatchObject({ deadLetters: [{ event: { seq: 1 } }], cursor: { nextSeq: 3 } });
  });

  it('three in a row: nothing is dead-lettered, the first is asked again, then a later one, then the newest', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3, 4, 5]);
    one.answer(poison);
    expect(one.last('write').write).toMatchObject({
      deadLetters: [],
      cursor: { nextSeq: 1, reason: 'refuses_everything' },
    });
    one.written();
    one.pass(1_000);
    one.page([1, 2, 3, 4, 5], 20);
    one.answer(poison);
    expect(one.sent().slice(1)).toEqual([[1], [5]]);
    one.answer(poison);
    one.pass(2_000);
    one.page([1, 2, 3, 4, 5], 20);
    one.answer(poison);
    expect(one.last('read').read.fromSeq).toBe(11);
    one.page([11, 12, 13, 14, 15, 16, 17, 18, 19, 20], 20);
    expect(one.sent().slice(3)).toEqual([[1], [20]]);
    one.answer(delivered);
    // It takes others: the first is asked once more, and only now is it the event's own fault.
    expect(one.last('write').write.deadLetters).toEqual([]);
    expect(one.sent().slice(5)).toEqual([[1]]);
    one.answer(poison);
    const { write } = one.last('write');
    expect(write.deadLetters.map(({ event }) => event.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(write.cursor).toMatchObject({ nextSeq: 6 });
  });

  it('three in a row, by a receiver that is repaired just before it takes a later one: none of them is dead-lettered', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3]);
    one.answer(poison);
    one.written();
    one.pass(1_000);
    one.page([1, 2, 3, 4], 4);
    one.answer(poison);
    expect(one.sent().slice(1)).toEqual([[1], [4]]);
    one.answer(delivered);
    expect(one.sent().slice(3)).toEqual([[1]]);
    one.answer(delivered);
    one.written();
    expect(one.sent().slice(4)).toEqual([[2, 3]]);
    one.answer(delivered);
    expect(one.all('write').flatMap(({ write }) => write.deadLetters)).toEqual([]);
  });

  it('three in a row that are taken after all are delivered, and so are those behind them', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3]);
    one.answer(poison);
    one.written();
    one.pass(1_000);
    one.page([1, 2, 3], 3);
    one.answer(delivered);
    one.written();
    expect(one.sent().slice(1)).toEqual([[1], [2, 3]]);
  });

  it('as a whole are halved until the bad one stands alone', () => {
    const one = new OnePartition();
    one.arrive([1, 2, 3, 4]);
    const split = { kind: 'split', reason: 'receiver_refused_format' } as const;
    one.answer(split);
    one.answer(split);
    one.answer(split);
    one.answer(delivered);
    expect(one.sent()).toEqual([[1, 2, 3, 4], [1, 2], [1], [2], [3, 4]]);
    expect(one.last('write').write.deadLetters.map(({ event }) => event.seq)).toEqual([1]);
  });
});

describe('a parked lane', () => {
  const parked = (): OnePartition => {
    const one = new OnePartition();
    one.arrive([1, 2, 3, 4, 5, 6]);
    one.answer(unauthorized);
    one.written();
    return one;
  };

  it('asks with a small first page, then catches up, and turns live behind the floor', () => {
    const one = parked();
    one.pass(1_000);
    expect(one.last('read').read).toMatchObject({ fromSeq: 1, maxEvents: 10 });
    one.page([1, 2, 3, 4, 5, 6], 6);
    one.answer(delivered);
    one.written();
    one.answer(delivered);
    one.written();
    // Near the head: from this read on, arrivals are held.
    expect(one.last('read').read.fromSeq).toBe(7);
    one.arrive([7, 8, 9]);
    one.page([7, 8], 8);
    expect(one.sent().at(-1)).toEqual([7, 8, 9]);
    one.answer(delivered);
    expect(one.last('write').write.cursor).toBe('delete');
    one.written();
    expect(one.all('live')).toHaveLength(1);
    expect(one.partition.committable).toEqual({ offset: 9, acceptedOffset: 9 });
  });

  it('waits as long as the receiver asks for', () => {
    const one = new OnePartition();
    one.arrive([1]);
    one.answer({ kind: 'retry', reason: 'rate_limited', afterMs: 60_000 });
    one.pass(3_000);
    one.written();
    one.pass(56_999);
    expect(one.all('read')).toEqual([]);
    one.pass(1);
    expect(one.all('read')).toHaveLength(1);
  });

  it('records what retention took as a gap together with the cursor, and goes on', () => {
    const one = parked();
    one.pass(1_000);
    one.page([4, 5], 6);
    expect(one.last('write').write).toMatchObject({ gaps: [{ fromSeq: 1, toSeq: 3 }], cursor: { nextSeq: 4 } });
    one.written();
    expect(one.sent().at(-1)).toEqual([4, 5]);
  });

  it('tries at once with new settings', () => {
    const one = parked();
    one.configure(view({ version: 2 }));
    expect(one.last('read').read.fromSeq).toBe(1);
  });
});

describe('settings', () => {
  it('start a destination at its start position, in the database before the first event', () => {
    const one = new OnePartition({ views: [view({ startSeq: 5 })], saved: [] });
    expect(one.last('write').write).toMatchObject({ cursor: { nextSeq: 5, reason: 'started' }, startedVersion: 1 });
    expect(one.arrive([5])).toBe(1);
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 5 });
    one.written();
    expect(one.last('read').read.fromSeq).toBe(5);
  });

  it('that changed abort a request of before after four seconds, and its events are sent again', () => {
    const one = new OnePartition({ knobs: { laneAgeMs: 60_000 } });
    one.arrive([1]);
    one.configure(view({ version: 2 }));
    one.pass(3_999);
    expect(one.all('abort')).toEqual([]);
    one.pass(1);
    expect(one.all('abort')).toHaveLength(1);
    one.answer({ kind: 'retry', reason: 'aborted' });
    expect(one.all('send').map(({ version }) => version)).toEqual([1, 2]);
  });

  it('of before do not park a destination by their last answer', () => {
    const one = new OnePartition();
    one.arrive([1]);
    one.configure(view({ version: 2 }));
    one.answer(unauthorized);
    expect(one.sent()).toEqual([[1], [1]]);
  });

  it('disable: nothing more is sent, and the first event that is skipped waits for the cursor', () => {
    const one = new OnePartition();
    one.arrive([1]);
    one.answer(delivered);
    one.configure(view({ version: 2, enabled: false }));
    expect(one.all('write')).toEqual([]);
    one.arrive([2, 3]);
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 2, state: 'disabled' });
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 1 });
    one.written();
    expect(one.partition.committable).toEqual({ offset: 3, acceptedOffset: 3 });
    one.configure(view({ version: 3 }));
    one.written();
    expect(one.last('read').read.fromSeq).toBe(2);
  });

  it('without the destination: Kafka waits for it no longer', () => {
    const one = new OnePartition();
    one.arrive([1, 2]);
    one.configure();
    expect(one.partition.committable).toEqual({ offset: 2, acceptedOffset: 2 });
  });
});

describe('a partition whose place in the log cannot be trusted', () => {
  it('parks every live destination behind what its status says, and commits nothing before that is written', () => {
    const one = new OnePartition({ committed: undefined, saved: [standing('d1', 6)] });
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 7, reason: 'position_unknown' });
    one.arrive([9]);
    expect(one.partition.committable).toBeUndefined();
    one.written();
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 9 });
  });

  it('is one whose first record is not the committed one', () => {
    const one = new OnePartition({ committed: { offset: 5, acceptedOffset: 50 }, saved: [standing('d1', 6)] });
    one.arrive([9]);
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 7, reason: 'position_unknown' });
  });
});

describe('a record that names one before it', () => {
  const owner = () =>
    new OnePartition({ committed: { offset: 0, acceptedOffset: 50 }, saved: [standing('d1', 6)], views: [view()] });
  /** Of a tenant without destinations. */
  const record = (offset: number, acceptedOffset: number, previous: number) => ({
    offset,
    lastOffset: offset,
    event: { ...testEvent('other', 1, acceptedOffset), previous },
  });

  it('that never came parks everybody behind what their status says, and is not committed before that is written', () => {
    const one = owner();
    one.take(record(0, 53, 52));
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 7, reason: 'sequence_jump' });
    expect(one.partition.committable).toBeUndefined();
    one.written();
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 53 });
  });

  it('that came, to this owner or to one before it, or that names none, is one like any other', () => {
    const one = owner();
    one.take(record(0, 53, 50));
    one.take(record(1, 53, 48));
    one.take(record(2, 54, -1));
    one.take(record(3, 60, 54));
    expect(one.all('write')).toEqual([]);
    expect(one.partition.committable).toEqual({ offset: 4, acceptedOffset: 60 });
  });
});
