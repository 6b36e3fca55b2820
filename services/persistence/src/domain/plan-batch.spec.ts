// Holds how seq is given out: dense, in offset order, once per id, whatever stands between.
import * as fc from 'fast-check';
import { sourceRecord } from '../../test/accepted-records';
import { dedupeKey, type Known, planBatch } from './plan-batch';
import { readRecord } from './read-record';

const nothing: Known = { heads: new Map(), keys: new Map(), today: '2026-11-23' };
const read = (offset: number, id: string, tenant: string, note = 'made') =>
  readRecord(sourceRecord(offset, { id, tenant, note, receivedAt: 0 }), () => 0);

describe('planBatch', () => {
  it('goes on from each tenant’s head', () => {
    const heads = new Map([['a', { nextSeq: 41, storedDay: '2026-11-22' }]]);
    const plan = planBatch([read(0, 'x', 'a'), read(1, 'y', 'b'), read(2, 'z', 'a')], { ...nothing, heads });
    expect(plan.fates).toMatchObject([
      { kind: 'stored', seq: 41, storedDay: '2026-11-23' },
      { kind: 'stored', seq: 1 },
      { kind: 'stored', seq: 42 },
    ]);
    expect(plan.heads.get('a')).toEqual({ nextSeq: 43, storedDay: '2026-11-23' });
  });

  it('never goes back to an earlier day', () => {
    const heads = new Map([['a', { nextSeq: 2, storedDay: '2026-11-25' }]]);
    expect(planBatch([read(0, 'x', 'a')], { ...nothing, heads }).fates).toMatchObject([{ storedDay: '2026-11-25' }]);
  });

  it('names both hashes and the stored seq where an id comes with other content', () => {
    const first = read(0, 'x', 'a');
    const hash = first.kind === 'readable' ? first.headers.contentHash : '';
    const keys = new Map([[dedupeKey('a', 'x'), { seq: 7, contentHash: hash, acceptedOffset: 3 }]]);
    const [same, other] = planBatch([first, read(1, 'x', 'a', 'other')], { ...nothing, keys }).fates;
    expect(same).toMatchObject({ kind: 'duplicate', seq: 7 });
    expect(other).toMatchObject({ kind: 'quarantined', reason: 'id_conflict', detail: expect.stringContaining(hash) });
  });

  it('gives any mix of tenants, repeats and conflicts a dense seq per tenant, one per id', () => {
    const event = fc.record({
      tenant: fc.constantFrom('a', 'b'),
      id: fc.constantFrom('1', '2', '3', '4', '5'),
      note: fc.constantFrom('x', 'y'),
    });
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const { fates, heads } = planBatch(
          events.map(({ tenant, id, note }, offset) => read(offset, id, tenant, note)),
          nothing,
        );
        for (const tenant of ['a', 'b']) {
          const stored = fates.flatMap((fate) =>
            fate.kind === 'stored' && fate.reading.headers.tenant === tenant ? [fate] : [],
          );
          expect(stored.map((fate) => fate.seq)).toEqual(stored.map((_, index) => index + 1));
          expect(new Set(stored.map((fate) => fate.reading.headers.id)).size).toBe(stored.length);
          expect(heads.get(tenant)?.nextSeq ?? 1).toBe(stored.length + 1);
        }
        expect(fates).toHaveLength(events.length);
      }),
    );
  });
});
