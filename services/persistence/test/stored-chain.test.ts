// Each record of `stored` names the event stored before it, whatever lies between the two and whoever stored the one before.
import type { Outcome } from '@auditlane/contracts';
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import type { AcceptedPartition } from '../src/accepted-partition';
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

/** Hands records in until all are done; what it answers of those that were published: their own offset and the one they name. */
async function publish(partition: AcceptedPartition, records: readonly SourceRecord[]): Promise<string[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < records.length) {
    const some = await partition.handle(records.slice(outcomes.length));
    if (some.length === 0 || some[0]?.kind === 'retry') throw new Error(`stuck: ${JSON.stringify(some)}`);
    outcomes.push(...some);
  }
  return outcomes.flatMap((outcome) => {
    if (outcome.kind !== 'ok' || !outcome.emit) return [];
    const { acceptedOffset, previous } = outcome.emit.headers;
    return [`${String(acceptedOffset)} after ${String(previous)}`];
  });
}

const recordsFrom = (first: number, count: number): SourceRecord[] =>
  Array.from({ length: count }, (_, index) => sourceRecord(first + index));

const duplicate = (offset: number): SourceRecord => sourceRecord(offset, { id: 'e-0' });
const conflict = (offset: number): SourceRecord => sourceRecord(offset, { id: 'e-0', note: 'other' });
const refused = (offset: number): SourceRecord => sourceRecord(offset, { parameters: { text: '\0' } });

it('goes over tenants, duplicates, quarantined records and batches that store nothing', async () => {
  const partition = await bench.claim();
  const records = [
    sourceRecord(0),
    duplicate(1),
    sourceRecord(2, { tenant: 'b' }),
    conflict(3),
    sourceRecord(4, {}, { headers: {} }),
    sourceRecord(7),
  ];
  expect(await publish(partition, records)).toEqual(['0 after -1', '2 after 0', '7 after 2']);
  expect(await publish(partition, [duplicate(8), conflict(9)])).toEqual([]);
  expect(await publish(partition, [duplicate(10)])).toEqual([]);
  expect(await publish(partition, [sourceRecord(11)])).toEqual(['11 after 7']);
});

it('goes over a batch that is cut in halves', async () => {
  const partition = await bench.claim();
  const records = [...recordsFrom(0, 3), refused(3), ...recordsFrom(4, 4)];
  expect(await publish(partition, records)).toEqual([
    '0 after -1',
    '1 after 0',
    '2 after 1',
    '4 after 2',
    '5 after 4',
    '6 after 5',
    '7 after 6',
  ]);
});

it('goes on with the next owner, and what that one publishes again names what it named before', async () => {
  const first = await bench.claim();
  await publish(first, [sourceRecord(0), duplicate(1), sourceRecord(2)]);
  const batch = [duplicate(3), sourceRecord(4), conflict(5), sourceRecord(6), duplicate(7)];
  const links = await publish(first, batch);
  expect(links).toEqual(['4 after 2', '6 after 4']);
  // From where the last batch began; and once more, by one that dies before it has stored anything.
  expect(await publish(await bench.claim(), batch)).toEqual(links);
  const third = await bench.claim();
  expect(await publish(third, [...batch, sourceRecord(8)])).toEqual([...links, '8 after 6']);
  const fourth = await bench.claim();
  expect(await publish(fourth, [sourceRecord(8), duplicate(9), sourceRecord(10)])).toEqual(['8 after 6', '10 after 8']);
});

it('goes on after a claim that found batches without an event', async () => {
  const first = await bench.claim();
  await publish(first, [sourceRecord(0)]);
  await publish(first, [duplicate(1)]);
  await publish(first, [duplicate(2)]);
  expect(await publish(await bench.claim(), [duplicate(2), sourceRecord(3)])).toEqual(['3 after 0']);
});

it('is the same for what was stored and not published, because no heartbeat was answered, and comes again', async () => {
  const answers = [true, false, true];
  const partition = await bench.claim({ isFresh: () => answers.shift() ?? true });
  const records = recordsFrom(0, 3);
  expect(await partition.handle(records)).toMatchObject([{ kind: 'retry', reason: 'claim_lost' }]);
  expect(await publish(partition, records)).toEqual(['0 after -1', '1 after 0', '2 after 1']);
  expect(await publish(partition, [sourceRecord(3)])).toEqual(['3 after 2']);
});

it('begins anew, with a record that names none, where events were stored before there was a chain', async () => {
  await publish(await bench.claim(), recordsFrom(0, 4));
  await db.pool.query('update audit.partition_state set published_offset = 2, stored_before = null');
  const upgraded = await bench.claim();
  expect(await publish(upgraded, recordsFrom(2, 3))).toEqual(['2 after undefined', '3 after 2', '4 after 3']);
  expect(await publish(await bench.claim(), recordsFrom(4, 2))).toEqual(['4 after 3', '5 after 4']);
});

it('assumes an event where Kafka deleted records that may not have been published', async () => {
  await publish(await bench.claim(), recordsFrom(0, 4));
  const state = await bench.deps.claims.claim(0, 3);
  expect(await publish(bench.partitionFor(state, bench.deps), recordsFrom(3, 2))).toEqual(['3 after 2', '4 after 3']);
  const late = await bench.deps.claims.claim(0, 100);
  expect(await publish(bench.partitionFor(late, bench.deps), [sourceRecord(100)])).toEqual(['100 after 4']);
});
