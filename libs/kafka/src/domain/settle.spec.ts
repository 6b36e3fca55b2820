import { dead, drop, held, ok, type Outcome, type OutgoingRecord, retry } from '@auditlane/contracts';
import * as fc from 'fast-check';
import { areOutcomes, settle } from './settle';

const emit = (text: string): OutgoingRecord => ({
  topic: 'accepted',
  key: null,
  value: Buffer.from(text),
  headers: {},
});
const recordsFrom = (offset: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ offset: offset + index }));

describe('settle', () => {
  it('produces what was emitted in order and commits one past the last record done', () => {
    const records = recordsFrom(10, 3);
    const a = emit('a');
    const b = emit('b');
    expect(settle(records, [ok(a), drop('duplicate'), dead('too_old', b)])).toMatchObject({
      done: 3,
      nextOffset: 13,
      commitOffset: 13,
      produce: [a, b],
      retry: undefined,
      held: false,
      counts: new Map([
        ['ok:', 1],
        ['drop:duplicate', 1],
        ['dead:too_old', 1],
      ]),
    });
  });

  it('stops at the first retry, whatever stands behind it', () => {
    const settlement = settle(recordsFrom(5, 3), [ok(), retry('database_full', 200), ok(emit('late'))]);
    expect(settlement).toMatchObject({
      done: 1,
      commitOffset: 6,
      produce: [],
      retry: { reason: 'database_full', afterMs: 200 },
    });
  });

  it('reads on past records that the handler holds, but commits none of them', () => {
    expect(settle(recordsFrom(5, 4), [ok(), held, ok(), held])).toMatchObject({
      done: 4,
      nextOffset: 9,
      commitOffset: 6,
      held: true,
    });
  });

  it('counts a batch that could not be read as all of its offsets', () => {
    const records = [{ offset: 5 }, { offset: 6, undecodable: { lastOffset: 30 } }, { offset: 31 }];
    expect(settle(records, [ok(), dead('undecodable_batch')])).toMatchObject({
      done: 2,
      nextOffset: 31,
      commitOffset: 31,
    });
  });

  it('settles a prefix when the outcomes stop early', () => {
    expect(settle(recordsFrom(5, 4), [ok()])).toMatchObject({ done: 1, nextOffset: 6, retry: undefined });
  });

  it('refuses more outcomes than records: the handler and the transport disagree about what was handled', () => {
    expect(() => settle(recordsFrom(5, 1), [ok(), ok()])).toThrow('2 outcomes for 1 records');
  });

  it('never commits past a record that is not done, and emits exactly what the done ones emit', () => {
    const outcome: fc.Arbitrary<Outcome> = fc.oneof(
      { weight: 6, arbitrary: fc.string().map((text) => ok(emit(text))) },
      { weight: 2, arbitrary: fc.constant(drop('unwanted')) },
      { weight: 2, arbitrary: fc.string().map((text) => dead('malformed_json', emit(text))) },
      { weight: 1, arbitrary: fc.constant(retry('unknown', 1)) },
      { weight: 1, arbitrary: fc.constant(held) },
    );
    const gaps = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(gaps, fc.array(outcome, { maxLength: 30 }), (steps, all) => {
        let offset = 0;
        const records = steps.map((step) => ({ offset: (offset += 1 + step) }));
        const outcomes = all.slice(0, records.length);
        const result = settle(records, outcomes);
        const open = outcomes.findIndex(({ kind }) => kind === 'retry');
        const done = open === -1 ? outcomes : outcomes.slice(0, open);
        const unheld = done.findIndex(({ kind }) => kind === 'held');

        expect(result.done).toBe(done.length);
        expect(result.produce).toEqual(done.flatMap((item) => ('emit' in item && item.emit ? [item.emit] : [])));
        const notDone = records[unheld === -1 ? done.length : unheld];
        if (notDone) expect(result.commitOffset).toBeLessThanOrEqual(notDone.offset);
        expect(result.commitOffset).toBeLessThanOrEqual(result.nextOffset);
        expect([...result.counts.values()].reduce((sum, count) => sum + count, 0)).toBe(
          done.length + (open === -1 ? 0 : 1),
        );
      }),
    );
  });
});

describe('areOutcomes', () => {
  it('knows outcomes from anything else that a handler may answer', () => {
    expect(areOutcomes([ok(), held])).toBe(true);
    for (const answer of [undefined, null, 'ok', [{ kind: 'fine' }], [undefined]])
      expect(areOutcomes(answer)).toBe(false);
  });
});
