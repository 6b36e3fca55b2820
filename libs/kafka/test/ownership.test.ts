// Claims, rebalances and the end of an assignment: who may work on a partition, and from where.
import { drop, held, type Outcome } from '@auditlane/contracts';
import type { Assignment, Batch } from '../src';
import { expectSoon, Fixture, textOf } from './transport';

const done = ({ records }: Batch): Outcome[] => records.map(() => drop('unwanted'));

describe('ownership of a partition', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture();
  });
  afterEach(() => fixture.dispose());

  it('begins with the claim: no batch before it, and reading starts where the claim says', async () => {
    const seen: string[] = [];
    const events: string[] = [];
    const claimed = Promise.withResolvers<void>();
    await fixture.start({ handle: (batch) => Promise.resolve(done(batch)) }).then((transport) => transport.close());
    await fixture.produce(['a', 'b', 'c', 'd']);
    await fixture.start(
      {
        assigned: async ({ partition }) => {
          if (partition !== 0) return {};
          await claimed.promise;
          events.push('claimed');
          return { startAt: 2 };
        },
        handle: async (batch) => {
          events.push('batch');
          seen.push(...batch.records.map(textOf));
          return Promise.resolve(done(batch));
        },
      },
      { inlineWaitMs: 100 },
    );
    await fixture.produce(['other'], 1);
    // The other partitions do not wait for a claim that takes long.
    await expectSoon(() => expect(seen).toEqual(['other']));
    claimed.resolve();
    await expectSoon(() => expect(seen).toEqual(['other', 'c', 'd']));
    expect(events.slice(0, 2)).toEqual(['batch', 'claimed']);
  });

  it('is claimed again when the handler discards a batch, after the group has answered that it is still a member', async () => {
    const claims: number[] = [];
    const seen: string[][] = [];
    await fixture.start({
      assigned: async ({ partition }) => {
        if (partition === 0) claims.push(performance.now());
        return Promise.resolve({});
      },
      handle: async (batch) => {
        seen.push(batch.records.map(textOf));
        return Promise.resolve(seen.length === 1 ? [] : done(batch));
      },
    });
    await fixture.produce(['a', 'b']);
    await expectSoon(() =>
      expect(seen).toEqual([
        ['a', 'b'],
        ['a', 'b'],
      ]),
    );
    expect(claims).toHaveLength(2);
  });

  it('is claimed again at the wish of the handler, though no batch comes, and goes on where it was', async () => {
    const claims: Assignment[] = [];
    const seen: string[] = [];
    await fixture.start({
      assigned: async (assignment) => {
        if (assignment.partition === 0) claims.push(assignment);
        return Promise.resolve({});
      },
      handle: async (batch) => {
        seen.push(...batch.records.map(textOf));
        return Promise.resolve(done(batch));
      },
    });
    await fixture.produce(['a']);
    await expectSoon(() => expect(seen).toEqual(['a']));
    const [assignment] = claims;
    // Wished twice at once, it is one claim.
    await Promise.all([assignment?.reclaim(), assignment?.reclaim()]);
    expect(claims).toEqual([assignment, assignment]);
    await fixture.produce(['b']);
    await expectSoon(() => expect(seen).toEqual(['a', 'b']));
  });

  it('ends for every partition at a rebalance: signals abort, handlers are told, and later commits do nothing', async () => {
    const log: string[] = [];
    const assignments: Assignment[] = [];
    const first = await fixture.start({
      assigned: async (assignment) => {
        log.push(`assigned ${assignment.partition} in ${assignment.generation}`);
        assignments.push(assignment);
        return Promise.resolve({});
      },
      revoked: async ({ partition, generation }) => {
        log.push(`revoked ${partition} in ${generation}`);
        return Promise.resolve();
      },
      handle: (batch) => Promise.resolve(done(batch)),
    });
    await expectSoon(() => expect(assignments).toHaveLength(3));
    expect(assignments.every((assignment) => assignment.isMember() && assignment.isFresh())).toBe(true);
    const old = [...assignments];

    const theirs: number[] = [];
    await fixture.start({
      assigned: async ({ partition }) => {
        theirs.push(partition);
        return Promise.resolve({});
      },
      handle: (batch) => Promise.resolve(done(batch)),
    });
    await expectSoon(() => {
      expect(theirs.length).toBeGreaterThan(0);
      expect(assignments.length + theirs.length).toBe(6);
    });
    expect(old.every(({ signal }) => signal.aborted)).toBe(true);
    expect(old.some((assignment) => assignment.isMember() || assignment.isFresh())).toBe(false);
    await Promise.all(old.map((assignment) => assignment.commit(1)));
    expect(log.slice(3, 6).sort()).toEqual(['revoked 0 in 1', 'revoked 1 in 1', 'revoked 2 in 1']);
    await expectSoon(() => expect(first.ready()).toBe(true));
  });

  it('is announced to a handler that works; what it had in hand is settled before the next owner reads on', async () => {
    const handled: string[] = [];
    const working = Promise.withResolvers<AbortSignal>();
    await fixture.start({
      handle: async (batch) => {
        const { signal } = batch.assignment;
        working.resolve(signal);
        if (handled.length === 0) await new Promise((resolve) => signal.addEventListener('abort', resolve));
        handled.push(...batch.records.map((record) => `first ${textOf(record)}`));
        return done(batch);
      },
    });
    await fixture.produce(['a', 'b', 'c']);
    const signal = await working.promise;
    // The group does not come together before the first process has answered.
    await fixture.start({
      handle: async (batch) => {
        handled.push(...batch.records.map((record) => `second ${textOf(record)}`));
        return Promise.resolve(done(batch));
      },
    });
    expect(signal.reason).toBe('rebalancing');
    await expectSoon(() => expect(handled).toEqual(['first a', 'first b', 'first c']));
    await fixture.produce(['d', 'e'], 1);
    await fixture.produce(['f', 'g'], 2);
    await expectSoon(() => expect(handled).toHaveLength(7));
    expect(new Set(handled.map((text) => text.split(' ')[1]))).toEqual(new Set(['a', 'b', 'c', 'd', 'e', 'f', 'g']));
  });

  it('leaves the commit to the handler from the first record it holds, with its metadata', async () => {
    const held1: Batch[] = [];
    const first = await fixture.start({
      handle: async (batch) => {
        held1.push(batch);
        return Promise.resolve(batch.records.map(() => held));
      },
    });
    await fixture.produce(['a', 'b', 'c']);
    await expectSoon(() => expect(held1.flatMap(({ records }) => records.map(textOf))).toEqual(['a', 'b', 'c']));
    await first.server.quiesce();
    await held1[0]?.assignment.commit(2, 'accepted=41');
    await first.close();

    const again: string[] = [];
    const committed: unknown[] = [];
    await fixture.start({
      assigned: async (assignment) => {
        if (assignment.partition === 0) committed.push(await assignment.committed(), await assignment.logRange());
        return {};
      },
      handle: async (batch) => {
        again.push(...batch.records.map(textOf));
        return Promise.resolve(done(batch));
      },
    });
    await expectSoon(() => expect(again).toEqual(['c']));
    expect(committed).toEqual([
      { offset: 2, metadata: 'accepted=41' },
      { start: 0, end: 3 },
    ]);
  });
});
