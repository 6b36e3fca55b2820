// What happens to a batch from being handed in until its offset is committed, against a real broker.
import { drop, ok, retry } from '@auditlane/contracts';
import { consumeAll } from '@auditlane/testing';
import { expectSoon, Fixture, textOf } from './transport';

describe('a batch', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture();
  });
  afterEach(() => fixture.dispose());

  const emit = (value: string) => ({
    topic: fixture.names.topic('stored'),
    partition: 1,
    key: 'acme',
    value: Buffer.from(value),
    headers: { seq: '1' },
  });

  it('is settled prefix by prefix: what is emitted keeps its order, and the rest is handed in again', async () => {
    const seen: string[][] = [];
    await fixture.start({
      handle: async ({ records }) => {
        seen.push(records.map(textOf));
        return records.slice(0, 2).map((record) => ok(emit(textOf(record))));
      },
    });
    await fixture.produce(['a', 'b', 'c', 'd', 'e']);
    await expectSoon(async () => {
      const stored = await consumeAll(fixture.names.topic('stored'));
      expect(stored.map(textOf)).toEqual(['a', 'b', 'c', 'd', 'e']);
    });
    expect(seen).toEqual([['a', 'b', 'c', 'd', 'e'], ['c', 'd', 'e'], ['e']]);
  });

  it('comes again from the first record that has to wait, and nothing behind it is committed before', async () => {
    let waits = 3;
    const done: string[] = [];
    const first = await fixture.start({
      handle: async ({ records }) => {
        const outcomes = records.map((record) => {
          if (textOf(record) !== 'b' || waits-- <= 0) return drop('unwanted');
          return retry('database_unavailable', 30);
        });
        const until = outcomes.findIndex(({ kind }) => kind === 'retry');
        done.push(...records.slice(0, until === -1 ? undefined : until).map(textOf));
        return outcomes;
      },
    });
    await fixture.produce(['a', 'b', 'c']);
    await expectSoon(() => expect(done).toEqual(['a', 'b', 'c']));
    await first.close();

    const again: string[] = [];
    await fixture.start({
      handle: async ({ records }) => {
        again.push(...records.map(textOf));
        return records.map(() => drop('unwanted'));
      },
    });
    await fixture.produce(['d']);
    await expectSoon(() => expect(again).toEqual(['d']));
  });
});
