// The machine of replays against every interleaving that can be made up: whatever happens, nothing of a range is lost and the counts add up.
import * as fc from 'fast-check';
import { isEnded } from '../src/domain/replay-effects';
import { ReplayWorld, type Mood, type Plan } from './replay-world';

type Happening = (world: ReplayWorld) => void;

const moods: readonly Mood[] = ['takes', 'busy', 'unauthorized', 'refuses_all', 'too_large', 'first_busy'];

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.nat(5).map(
      (index): Happening =>
        (world) =>
          world.perform(index),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.nat(5_000).map(
      (ms): Happening =>
        (world) =>
          world.pass(ms),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom(...moods).map((mood): Happening => (world) => {
      world.mood = mood;
    }),
  },
  {
    weight: 2,
    arbitrary: fc.boolean().map(
      (arrives): Happening =>
        (world) =>
          world.crash(arrives),
    ),
  },
  {
    weight: 2,
    arbitrary: fc
      .record({ index: fc.nat(3), wish: fc.constantFrom('run', 'pause', 'cancel') })
      .map(({ index, wish }): Happening => (world) => {
        const order = [...world.orders.values()][index];
        if (!order || order.wish === 'cancel') return;
        world.orders.set(order.id, { ...order, wish });
        world.configure();
      }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((enabled): Happening => (world) => {
      world.enabled = enabled;
      world.version++;
      world.configure();
    }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((fails): Happening => (world) => {
      world.laneFails = fails;
      if (!fails) world.laneSuccessAt = world.now;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map((fresh): Happening => (world) => {
      world.fresh = fresh;
    }),
  },
  {
    weight: 1,
    arbitrary: fc.nat(3).map((days): Happening => (world) => {
      world.oldest += days;
    }),
  },
);

const last = 40;
const ascending = (one: number, other: number): number => one - other;
const seqs = fc.uniqueArray(fc.integer({ min: 1, max: last }), { maxLength: 15 }).map((all) => new Set(all));
const plan: fc.Arbitrary<Plan> = fc
  .record({
    poison: seqs,
    unwanted: seqs,
    letters: seqs.filter((all) => all.size > 0),
    ends: fc.array(fc.tuple(fc.integer({ min: 1, max: last }), fc.integer({ min: 1, max: last })), {
      minLength: 1,
      maxLength: 3,
    }),
    resend: fc.boolean(),
  })
  .map(({ ends, resend, ...rest }): Plan => {
    const destination = 'd1';
    const ranges = ends.map(([one, other], index) => ({
      id: `r${index}`,
      destination: index === 2 ? 'd2' : destination,
      kind: 'range' as const,
      fromSeq: Math.min(one, other),
      toSeq: Math.max(one, other),
    }));
    const all = [...rest.letters];
    const letters = { id: 'l', destination, kind: 'dead_letters' as const };
    const span = { fromSeq: Math.min(...all), toSeq: Math.max(...all) };
    return { ...rest, last, orders: resend ? [...ranges, { ...letters, ...span }] : ranges };
  });

/** Everything fares well from here on. Live delivery has something to say too, or an event at the end would have to wait for it. */
function heal(world: ReplayWorld): void {
  world.mood = 'takes';
  world.laneFails = false;
  world.fresh = true;
  world.enabled = true;
  world.version++;
  for (const order of world.orders.values())
    if (order.wish === 'pause') world.orders.set(order.id, { ...order, wish: 'run' });
  world.configure();
  for (let round = 0; round < 5_000 && !areOver(world); round++) {
    if (world.pending.length > 0) world.perform(0);
    else {
      world.laneSuccessAt = world.now;
      world.pass(Math.max(1, Math.min(world.nextWake - world.now, 60_000)));
    }
  }
}

const areOver = (world: ReplayWorld): boolean =>
  [...world.orders.keys()].every((id) => isEnded(world.saved.get(id)?.state ?? 'waiting'));

describe('replays, whatever happens', () => {
  it('lose nothing of their range, count each event once, keep to one request a destination, and end', () => {
    fc.assert(
      fc.property(plan, fc.array(happening, { maxLength: 80 }), (made, happenings) => {
        const world = new ReplayWorld(made);
        for (const happen of happenings) happen(world);
        heal(world);
        expect(world.faults).toEqual([]);
        expect(world.mostInFlight).toBeLessThanOrEqual(1);
        for (const [id, order] of world.orders) {
          const progress = world.saved.get(id);
          expect([id, progress?.state]).toEqual([id, order.wish === 'cancel' ? expect.any(String) : 'completed']);
          if (progress?.state !== 'completed' || order.kind !== 'range') continue;
          for (let seq = order.fromSeq; seq <= order.toSeq; seq++) {
            const isDone = world.received.includes(seq) || world.refused.has(seq) || seq < world.oldest;
            expect([seq, isDone || made.unwanted.has(seq)]).toEqual([seq, true]);
          }
        }
        // Only what the receiver refused is a dead letter.
        for (const seq of world.deadLetters)
          expect([seq, world.refused.has(seq) || made.letters.has(seq)]).toEqual([seq, true]);
      }),
      { numRuns: 1_500 },
    );
  });

  it('resend each letter once: it goes where it was taken, stays where it was refused or its event is gone', () => {
    fc.assert(
      fc.property(
        seqs.filter((all) => all.size > 0),
        seqs,
        fc.nat(last),
        (letters, poison, oldest) => {
          const all = [...letters];
          const order = { id: 'l', destination: 'd1', kind: 'dead_letters' as const };
          const span = { fromSeq: Math.min(...all), toSeq: Math.max(...all) };
          const world = new ReplayWorld({
            last,
            poison,
            unwanted: new Set(all),
            letters,
            orders: [{ ...order, ...span }],
          });
          world.oldest = oldest;
          heal(world);
          const stay = all.filter((seq) => seq < oldest || poison.has(seq));
          expect([...world.deadLetters].toSorted(ascending)).toEqual(stay.toSorted(ascending));
          const sent = all.filter((seq) => seq >= oldest);
          expect(world.received.toSorted(ascending)).toEqual(
            sent.filter((seq) => !poison.has(seq)).toSorted(ascending),
          );
          expect(world.saved.get('l')).toMatchObject({
            state: 'completed',
            delivered: world.received.length,
            deadLettered: sent.length - world.received.length,
            missing: all.length - sent.length,
            unwanted: 0,
          });
          expect(world.chosen.get('l')?.size).toBe(0);
        },
      ),
    );
  });
});
