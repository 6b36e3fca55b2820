// A record that ends its process leaves no error behind: the crash ledger has to find it, here with a claim per process and a store that dies.
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import type { BatchStore } from '../src/batch-store';
import type { SourceRecord } from '../src/domain/source-record';
import { sourceRecord } from './accepted-records';
import { openPartitionBench, type PartitionBench } from './partition-bench';

let db: TestDatabase;
let bench: PartitionBench;

beforeEach(async () => {
  db = await freshDatabase();
  bench = openPartitionBench(db.url('persistence'));
});
afterEach(async () => {
  await bench.close();
  await db.drop();
});

class ProcessDied extends Error {}

const attempt = async () =>
  (
    await db.pool.query<{ from_offset: number | null; tries: number }>(
      'select from_offset::int, tries from audit.attempt',
    )
  ).rows[0];

/** Processes until every record is done; a process dies where its transaction holds `deadly` as an event. */
async function runProcesses(records: readonly SourceRecord[], deadly: number): Promise<number> {
  const real = bench.deps.batches;
  const store: BatchStore['store'] = async (batch) => {
    if (batch.readings.some(({ kind, record }) => kind === 'readable' && record.offset === deadly))
      throw new ProcessDied();
    return real.store(batch);
  };
  const deps = { ...bench.deps, batches: { store, keysOf: real.keysOf.bind(real) } };
  for (let deaths = 0; ; deaths++) {
    const state = await bench.deps.claims.claim(0, 0);
    const partition = bench.partitionFor(state, deps);
    try {
      for (let rest = records.filter(({ offset }) => offset >= state.nextOffset); rest.length > 0;) {
        rest = rest.slice((await partition.handle(rest)).length);
      }
      return deaths;
    } catch (error) {
      if (!(error instanceof ProcessDied) || deaths > 30) throw error;
    }
  }
}

it('closes in on the one record that ends its process, over restarts, and stores its 63 neighbours', async () => {
  const records = Array.from({ length: 64 }, (_, offset) => sourceRecord(offset));
  const deaths = await runProcesses(records, 41);
  const { rows } = await db.pool.query<{ offset: number; detail: string }>(
    `select "offset"::int, detail from audit.quarantine`,
  );
  expect(rows).toEqual([{ offset: 41, detail: expect.stringContaining('the process ended') }]);
  const stored = await db.pool.query('select seq::int from audit.events order by seq');
  expect(stored.rows).toEqual(Array.from({ length: 63 }, (_, i) => ({ seq: i + 1 })));
  // Once unnoted, then a halving each, and three alone.
  expect(deaths).toBeLessThanOrEqual(2 + Math.log2(64) + 3);
});

it('writes no note while claims get on, and takes back the note of a partition that was given up in order', async () => {
  const first = await bench.claim();
  await first.handle([sourceRecord(0)]);
  expect(await attempt()).toEqual({ from_offset: null, tries: 0 });
  await bench.claim();
  const suspicious = await bench.claim();
  await suspicious.handle([sourceRecord(1)]);
  expect(await attempt()).toEqual({ from_offset: 1, tries: 1 });
  await suspicious.release();
  expect(await attempt()).toEqual({ from_offset: null, tries: 0 });
});
