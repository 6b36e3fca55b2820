// Proves the delivering machine against any interleaving: crashes, zombies, receivers in every mood, changing settings, lost logs.
import * as fc from 'fast-check';
import { living, missing, run, unsettled } from './schedule';

describe('delivering under any interleaving', () => {
  it('loses nothing, keeps the order, sends from one owner and commits only what nobody owes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 10_000 }), { minLength: 5, maxLength: 300, size: 'max' }),
        fc.nat(),
        (tape, seed) => {
          const world = run(tape, seed);
          for (const destination of living(world)) {
            expect({ id: destination.view.id, missing: missing(world, destination) }).toEqual({
              id: destination.view.id,
              missing: [],
            });
          }
          // Caught up: no cursor is left behind, everything is committed.
          expect(unsettled(world)).toEqual([]);
          expect(world.committed?.offset ?? world.nextOffset).toBe(world.nextOffset);
        },
      ),
      { numRuns: Number(process.env['MODEL_RUNS'] ?? 500) },
    );
  });
});
