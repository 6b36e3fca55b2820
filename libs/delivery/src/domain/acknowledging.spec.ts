// A receiver that acknowledges, rule by rule: what counts as delivered, what is asked, what is sent again and what is not.
import type { PollAnswer, Verdict } from '@auditlane/destinations';
import { delivered, OnePartition, poison, standing, unauthorized, view, type Setup } from '../../test/one-partition';

const accepted = (ackId: number): Verdict => ({ kind: 'accepted', ackId });
const unread: Verdict = { kind: 'retry', reason: 'aborted', afterMs: 0 };
const lost: Verdict = { kind: 'retry', reason: 'connection_failed' };
const unheard: PollAnswer = { kind: 'refused', verdict: { kind: 'retry', reason: 'connection_failed' } };
const pollMs = 5_000;
const timeoutMs = 300_000;

/** Delivered through 0 and driven by acknowledgement: events 1, 2 … are in the store, up to 4 a request. */
function acking(setup: Setup = {}): OnePartition {
  const cursor = { nextSeq: 1, state: 'parked', since: 0, reason: 'awaiting_acknowledgement' } as const;
  const one = new OnePartition({ saved: [{ ...standing(), cursor }], ...setup });
  one.pass(1_000);
  one.page([], 0);
  return one;
}

/** Events arrive, are read and are sent. */
function send(one: OnePartition, seqs: readonly number[]): void {
  one.arrive(seqs);
  one.page(seqs, seqs.at(-1) ?? 0);
}

function taken(one: OnePartition, seqs: readonly number[], ackId: number): void {
  send(one, seqs);
  one.answer(accepted(ackId));
}

const cursors = (one: OnePartition): (number | undefined)[] =>
  one.all('write').map(({ write }) => (write.cursor === 'delete' ? undefined : write.cursor?.nextSeq));
const asked = (one: OnePartition): (readonly number[])[] => one.all('poll').map(({ ackIds }) => ackIds);
const through = (one: OnePartition): number | undefined => one.partition.takeStatus(one.now, true)[0]?.deliveredThrough;

describe('a live destination whose receiver hands out an id', () => {
  it('goes on from a cursor at the first event that is not acknowledged, and holds no commit for it', () => {
    const one = new OnePartition();
    one.arrive([1, 2]);
    one.answer(accepted(0));
    expect(one.last('write').write.cursor).toEqual({ nextSeq: 1, state: 'parked', reason: 'awaiting_acknowledgement' });
    expect(one.partition.committable).toBeUndefined();
    one.written();
    expect(one.partition.committable).toEqual({ offset: 2, acceptedOffset: 2 });
    expect(through(one)).toBe(0);
  });

  it('reads on from the store and does not turn live', () => {
    const one = new OnePartition();
    one.arrive([1]);
    one.answer(accepted(0));
    one.written();
    one.page([], 1);
    one.pass(pollMs);
    one.polled([0]);
    one.written();
    expect(one.all('live')).toEqual([]);
    expect(cursors(one)).toEqual([1, 2]);
  });
});

describe('a destination that acknowledges', () => {
  it('is woken by an arrival, reads it from the store, and lets Kafka go on at once', () => {
    const one = acking();
    expect(one.all('read')).toHaveLength(1);
    one.arrive([1]);
    expect(one.partition.committable).toEqual({ offset: 1, acceptedOffset: 1 });
    expect(one.last('read').read.fromSeq).toBe(1);
    one.page([1], 1);
    expect(one.sent()).toEqual([[1]]);
  });

  it('reads again where something arrived after a page was asked for, and not where the page had it', () => {
    const one = acking();
    one.arrive([1]);
    one.arrive([2]);
    one.page([1], 1);
    one.answer(accepted(0));
    expect(one.last('read').read.fromSeq).toBe(2);
    one.page([2], 2);
    one.answer(accepted(1));
    one.arrive([2]);
    expect(one.all('read')).toHaveLength(3);
  });

  it('has many requests outstanding, in order, and is asked about all of them at once', () => {
    const one = acking();
    taken(one, [1, 2], 0);
    taken(one, [3], 1);
    taken(one, [4, 5], 2);
    expect(one.sent()).toEqual([[1, 2], [3], [4, 5]]);
    one.pass(pollMs);
    expect(asked(one)).toEqual([[0, 1, 2]]);
  });

  it('moves its cursor to the lowest event that is not acknowledged', () => {
    const one = acking();
    taken(one, [1, 2], 0);
    taken(one, [3], 1);
    taken(one, [4], 2);
    one.pass(pollMs);
    one.polled([1]);
    expect(cursors(one)).toEqual([]);
    expect(through(one)).toBe(0);
    one.pass(pollMs);
    expect(asked(one)).toEqual([
      [0, 1, 2],
      [0, 2],
    ]);
    one.polled([0]);
    expect(cursors(one)).toEqual([4]);
    expect(through(one)).toBe(3);
  });

  it('sends again exactly what was not acknowledged in time, and nothing behind it', () => {
    const one = acking();
    taken(one, [1, 2], 0);
    taken(one, [3, 4], 1);
    one.pass(pollMs);
    one.polled([1]);
    one.pass(timeoutMs - pollMs - 1);
    one.polled([]);
    taken(one, [5], 2);
    one.pass(pollMs);
    one.polled([]);
    expect(one.last('read').read).toMatchObject({ fromSeq: 1, maxEvents: 2 });
    one.page([1, 2], 5);
    expect(one.sent().at(-1)).toEqual([1, 2]);
    expect(one.all('unacknowledged')).toMatchObject([{ events: 2, fromSeq: 1, toSeq: 2 }]);
    one.answer(accepted(3));
    one.pass(pollMs);
    one.polled([2, 3]);
    expect(cursors(one)).toEqual([6]);
    expect(one.sent()).toEqual([[1, 2], [3, 4], [5], [1, 2]]);
  });

  it('is retrying for want of acknowledgement until one comes, however much is taken in', () => {
    const one = acking();
    taken(one, [1], 0);
    one.pass(pollMs);
    one.polled(unheard);
    one.pass(timeoutMs);
    one.polled(unheard);
    one.page([1], 1);
    one.answer(accepted(1));
    expect(one.all('turned')).toMatchObject([{ to: 'retrying' }]);
    expect(one.partition.takeStatus(one.now, true)).toMatchObject([{ reason: 'acknowledgement_missing' }]);
    one.pass(pollMs);
    one.polled([1]);
    expect(one.all('turned')).toMatchObject([{ to: 'retrying' }, { to: 'healthy' }]);
  });

  it('waits with sending while too much is outstanding, and goes on when something is acknowledged', () => {
    const one = acking({ knobs: { ackRequests: 2 } });
    taken(one, [1], 0);
    taken(one, [2], 1);
    one.arrive([3]);
    expect(one.all('read')).toHaveLength(3);
    one.pass(pollMs);
    one.polled([0]);
    one.written();
    expect(one.last('read').read.fromSeq).toBe(3);
  });

  it('asks about so many ids at a time, and about the rest at once', () => {
    const one = acking({ knobs: { ackIdsPerPoll: 2 } });
    for (const seq of [1, 2, 3]) taken(one, [seq], seq - 1);
    one.pass(pollMs);
    one.polled([]);
    one.pass(0);
    expect(asked(one)).toEqual([[0, 1], [2]]);
    one.polled([]);
    one.pass(pollMs - 1);
    expect(asked(one)).toHaveLength(2);
  });

  it('is asked nothing while the membership is in doubt', () => {
    const one = acking();
    taken(one, [1], 0);
    one.fresh = false;
    one.pass(pollMs);
    expect(asked(one)).toEqual([]);
    one.fresh = true;
    one.pass(250);
    expect(asked(one)).toEqual([[0]]);
  });

  it('is asked later where it says so', () => {
    const one = acking();
    taken(one, [1], 0);
    one.pass(pollMs);
    one.polled({ kind: 'refused', verdict: { kind: 'retry', reason: 'busy', afterMs: 20_000 } });
    one.pass(19_999);
    expect(asked(one)).toHaveLength(1);
    one.pass(1);
    expect(asked(one)).toHaveLength(2);
  });

  it('has dead letters written before what stands around them is acknowledged', () => {
    const one = acking();
    send(one, [1, 2, 3]);
    one.answer([{ kind: 'delivered', unacknowledged: true }, poison, unread]);
    one.answer(accepted(0));
    one.answer(accepted(1));
    expect(one.sent()).toEqual([[1, 2, 3], [1], [3]]);
    expect(one.last('write').write).toMatchObject({ cursor: { nextSeq: 1 }, deadLetters: [{ event: { seq: 2 } }] });
  });

  it('does not send a dead letter again with what stood around it', () => {
    const one = acking();
    send(one, [1, 2, 3]);
    one.answer([unread, poison, unread]);
    one.answer(accepted(0));
    one.written();
    one.pass(timeoutMs);
    one.polled([]);
    one.page([1], 3);
    one.answer(accepted(1));
    one.page([3], 3);
    expect(one.sent()).toEqual([[1, 2, 3], [1, 3], [1], [3]]);
  });

  it.each([[[3, 4]], [[]]])(
    'records as a gap what retention took before it was acknowledged, and not what was acknowledged behind it, with %j left',
    (left) => {
      const one = acking();
      taken(one, [1, 2], 0);
      taken(one, [3, 4], 1);
      one.pass(pollMs);
      one.polled([1]);
      one.pass(timeoutMs);
      one.polled([]);
      one.page(left, 4);
      expect(one.sent()).toHaveLength(2);
      expect(one.last('write').write).toMatchObject({ cursor: { nextSeq: 5 }, gaps: [{ fromSeq: 1, toSeq: 2 }] });
      expect(one.last('write').write.gaps).toHaveLength(1);
    },
  );

  it('looks into the store where the log had something that nobody can read', () => {
    const one = acking();
    const { length } = one.all('read');
    one.partition.batch([{ offset: 0, lastOffset: 3, unreadable: true }], 0, one.now);
    one.pass(0);
    expect(one.all('read')).toHaveLength(length + 1);
  });

  it('that refuses its last event is failing, and the event a candidate until a later one is taken', () => {
    const one = acking();
    send(one, [1]);
    one.answer(poison);
    one.page([], 1);
    expect(one.partition.takeStatus(one.now, true)).toMatchObject([{ state: 'failing' }]);
    one.arrive([2]);
    one.page([1, 2], 2);
    one.answer(poison);
    one.answer(accepted(0));
    expect(one.last('write').write.deadLetters).toMatchObject([{ event: { seq: 1 } }]);
  });

  it('counts as delivered what it takes in once it does not acknowledge any more, and turns live', () => {
    const one = acking();
    taken(one, [1], 0);
    one.pass(pollMs);
    one.polled({ kind: 'disabled' });
    expect(cursors(one)).toEqual([]);
    one.pass(timeoutMs);
    one.page([1], 1);
    one.answer(delivered);
    one.written();
    one.page([], 1);
    one.written();
    expect(one.all('live')).toHaveLength(1);
    expect(asked(one)).toHaveLength(1);
  });

  it('parks where acknowledgement is required and was switched off', () => {
    const one = acking();
    taken(one, [1], 0);
    one.pass(pollMs);
    const words = 'ACK is disabled';
    one.polled({
      kind: 'refused',
      verdict: { kind: 'park', reason: 'acknowledgement_required', code: 'hec_14', words },
    });
    expect(one.partition.takeStatus(one.now, true)).toMatchObject([
      { state: 'failing', reason: 'acknowledgement_required', words, deliveredThrough: 0 },
    ]);
  });
});

describe('ids that may mean something else', () => {
  it('are not asked about once the receiver counts anew; what had them is sent again in its time', () => {
    const one = acking();
    taken(one, [1], 0);
    taken(one, [2], 1);
    taken(one, [3], 0);
    one.pass(pollMs);
    expect(asked(one)).toEqual([[0]]);
    one.polled([0]);
    expect(cursors(one)).toEqual([]);
    one.pass(timeoutMs);
    expect(one.last('read').read).toMatchObject({ fromSeq: 1, maxEvents: 2 });
  });

  it('are not asked about after a lost answer, until an id shows that the receiver still counts as before', () => {
    const one = acking();
    taken(one, [1], 4);
    send(one, [2]);
    one.answer(lost);
    one.pass(pollMs);
    expect(asked(one)).toEqual([]);
    one.page([2], 2);
    one.answer(accepted(6));
    expect(asked(one)).toEqual([[4, 6]]);
  });

  it('are given up where the id after lost answers is one that a restarted receiver could have reached', () => {
    const one = acking();
    taken(one, [1], 0);
    send(one, [2]);
    one.answer(lost);
    one.pass(1_000);
    one.page([2], 2);
    one.answer(accepted(1));
    one.pass(pollMs);
    expect(asked(one)).toEqual([[1]]);
  });

  it('count only after the answer of the request that was sent meanwhile', () => {
    const one = acking();
    taken(one, [1], 0);
    one.pass(pollMs);
    send(one, [2]);
    one.polled([0]);
    expect(cursors(one)).toEqual([]);
    one.answer(accepted(0));
    expect(cursors(one)).toEqual([]);
  });
});

describe('what is outstanding', () => {
  it('is sent again at once under changed settings, and the poll of before is aborted', () => {
    const one = acking();
    taken(one, [1, 2], 0);
    one.pass(pollMs);
    one.configure(view({ version: 2 }));
    expect(one.all('abort')).toMatchObject([{ id: one.last('poll').id }]);
    one.polled([0]);
    expect(one.last('read').read.fromSeq).toBe(1);
    expect(through(one)).toBe(0);
    one.page([1, 2], 2);
    one.answer(accepted(0));
    const { length } = one.all('read');
    one.pass(pollMs);
    one.polled([0]);
    expect([one.all('read').length, one.sent()]).toEqual([
      length,
      [
        [1, 2],
        [1, 2],
      ],
    ]);
    expect(cursors(one)).toEqual([3]);
  });

  it('is not what former settings took in: their ids mean nothing to anybody', () => {
    const one = acking();
    send(one, [1, 2]);
    one.configure(view({ version: 2 }));
    one.answer(accepted(0));
    expect(one.sent()).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  it('waits behind the cursor of a disabled destination, and nobody is asked', () => {
    const one = acking();
    taken(one, [1, 2], 0);
    one.configure(view({ version: 2, enabled: false }));
    expect(one.last('write').write.cursor).toMatchObject({ nextSeq: 1, state: 'disabled' });
    one.written();
    one.pass(timeoutMs);
    expect([one.all('poll'), one.sent()]).toEqual([[], [[1, 2]]]);
    one.configure(view({ version: 3 }));
    one.written();
    expect(one.last('read').read.fromSeq).toBe(1);
  });

  it('is owed to nobody by a destination that is deleted or starts anew', () => {
    for (const views of [[], [view({ version: 2, startVersion: 2, startSeq: 3 })]]) {
      const one = acking();
      taken(one, [1, 2], 0);
      one.pass(pollMs);
      one.configure(...views);
      expect(one.all('abort')).toHaveLength(1);
      one.pass(timeoutMs);
      expect(one.sent()).toEqual([[1, 2]]);
    }
  });

  it('is sent again by the next owner, from the cursor', () => {
    const one = acking();
    taken(one, [1, 2], 0);
    expect(cursors(one)).toEqual([]);
    const next = acking();
    next.arrive([1, 2]);
    next.page([1, 2], 2);
    expect(next.sent()).toEqual([[1, 2]]);
  });

  it('stays covered while the receiver refuses what comes after it', () => {
    const one = acking();
    taken(one, [1], 0);
    send(one, [2]);
    one.answer(unauthorized);
    expect(through(one)).toBe(0);
    one.pass(pollMs);
    one.polled([0]);
    expect(one.last('write').write.cursor).toEqual({ nextSeq: 2, state: 'parked', reason: 'credentials_refused' });
    expect(one.partition.takeStatus(one.now, true)).toMatchObject([{ state: 'failing' }]);
  });
});
