// What one claim of a partition does to a real database: dense seq, repeats, conflicts, bad records, lost claims, failing databases.
import type { Outcome } from '@auditlane/contracts';
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import { AcceptedPartition } from '../src/accepted-partition';
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

/** Hands records in until all are done, as the transport does. */
async function drain(partition: AcceptedPartition, records: readonly SourceRecord[]): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < records.length) {
    const some = await partition.handle(records.slice(outcomes.length));
    if (some.length === 0 || some[0]?.kind === 'retry') throw new Error(`stuck: ${JSON.stringify(some)}`);
    outcomes.push(...some);
  }
  return outcomes;
}

const kinds = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => ('reason' in outcome ? `${outcome.kind}:${outcome.reason}` : outcome.kind));
const emitted = (outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) => (outcome.kind === 'ok' && outcome.emit ? [outcome.emit] : []));
const seqs = (outcomes: readonly Outcome[]) =>
  emitted(outcomes).map(({ key, headers }) => `${key} ${String(headers['seq'])}`);

async function state(): Promise<Record<string, unknown> | undefined> {
  const { rows } = await db.pool.query<Record<string, unknown>>(
    `select epoch::int, next_offset::int as next, published_offset::int as published, stored::int, duplicate::int, quarantined::int
     from audit.partition_state where partition = 0`,
  );
  return rows[0];
}
const rowCount = async (table: string) =>
  (await db.pool.query<{ n: number }>(`select count(*)::int as n from ${table}`)).rows[0]?.n;
const quarantine = async () =>
  (
    await db.pool.query<{ offset: number; reason: string; detail: string }>(
      `select "offset"::int, reason, detail from audit.quarantine order by "offset"`,
    )
  ).rows;

describe('a batch', () => {
  it('gives each tenant a dense seq in offset order and emits the very same bytes', async () => {
    const partition = await bench.claim();
    const records = [
      sourceRecord(0, { tenant: 'b' }),
      sourceRecord(1, { tenant: 'a' }),
      sourceRecord(2, { tenant: 'b' }),
      sourceRecord(5, { tenant: 'a', parameters: { quote: '"\\{,}', nothing: null, deep: ['ü', 1.5, true] } }),
    ];
    const outcomes = await drain(partition, records);
    expect(seqs(outcomes)).toEqual(['b 1', 'a 1', 'b 2', 'a 2']);
    expect(emitted(outcomes)[3]).toEqual({
      topic: 'audit.events.stored',
      partition: 0,
      key: 'a',
      value: records[3]?.value,
      headers: { ...records[3]?.headers, seq: '2', acceptedOffset: '5', previous: '2' },
    });
    const { rows } = await db.pool.query<Record<string, unknown>>(
      `select e.*, stored_day::text as day, accepted_offset::int as off from audit.events e where tenant_id = 'a' and seq = 2`,
    );
    expect(rows[0]).toMatchObject({
      canonical: records[3]?.value?.toString(),
      parameters: { quote: '"\\{,}', nothing: null, deep: ['ü', 1.5, true] },
      details: 'made',
      day: new Date().toISOString().slice(0, 10),
      off: 5,
      occurred_at: new Date(records[3]?.timestamp ?? 0),
      clock_skew: false,
    });
    expect(await state()).toEqual({ epoch: 1, next: 6, published: 0, stored: 4, duplicate: 0, quarantined: 0 });
  });

  it('stores an id once: repeats in the batch and later are counted, other content under the same id is quarantined', async () => {
    const partition = await bench.claim();
    const outcomes = await drain(partition, [
      sourceRecord(0, { id: 'x' }),
      sourceRecord(1, { id: 'x' }),
      sourceRecord(2, { id: 'x', note: 'other' }),
      sourceRecord(3, { id: 'x', tenant: 'other-tenant' }),
    ]);
    expect(kinds(outcomes)).toEqual(['ok', 'drop:duplicate', 'dead:id_conflict', 'ok']);
    const later = await drain(partition, [
      sourceRecord(4, { id: 'x' }),
      sourceRecord(5, { id: 'x', note: 'third' }),
      sourceRecord(6),
    ]);
    expect(kinds(later)).toEqual(['drop:duplicate', 'dead:id_conflict', 'ok']);
    expect(seqs(later)).toEqual(['acme 2']);
    expect(await state()).toMatchObject({ next: 7, published: 4, stored: 3, duplicate: 2, quarantined: 2 });
    expect((await quarantine()).map((row) => row.offset)).toEqual([2, 5]);
    expect(await rowCount('audit.dedupe')).toBe(3);
  });

  it('puts what ingestion cannot have written into quarantine and stores its neighbours', async () => {
    const misplaced = openPartitionBench(db.url('persistence'), {
      partitionOfTenant: (tenant) => (tenant === 'elsewhere' ? 1 : 0),
    });
    const partition = await misplaced.claim();
    const records = [
      sourceRecord(0),
      sourceRecord(1, {}, { headers: {} }),
      sourceRecord(2, {}, { value: null }),
      sourceRecord(3, {}, { value: Buffer.from([0x7b, 0xff, 0x7d]) }),
      sourceRecord(4, {}, { value: Buffer.from('[1]') }),
      sourceRecord(5, { tenant: 'elsewhere' }),
      sourceRecord(6, {}, { undecodable: { lastOffset: 9, error: 'crc' }, value: Buffer.from('raw'), headers: {} }),
      sourceRecord(10),
    ];
    const outcomes = await drain(partition, records);
    expect(kinds(outcomes)).toEqual([
      'ok',
      ...Array<string>(5).fill('dead:unstorable'),
      'dead:undecodable_batch',
      'ok',
    ]);
    expect(seqs(outcomes)).toEqual(['acme 1', 'acme 2']);
    expect(await state()).toMatchObject({ next: 11, stored: 2, quarantined: 9 });
    await misplaced.close();
  });

  it('closes in on one bad record of 500 and stores the other 499 in order', async () => {
    const partition = await bench.claim();
    const records = Array.from({ length: 500 }, (_, offset) =>
      sourceRecord(offset, offset === 333 ? { parameters: { text: '\0' } } : {}),
    );
    const outcomes = await drain(partition, records);
    expect(outcomes.filter(({ kind }) => kind === 'ok')).toHaveLength(499);
    expect(outcomes[333]).toEqual({ kind: 'dead', reason: 'unstorable' });
    expect(seqs(outcomes)).toEqual(Array.from({ length: 499 }, (_, i) => `acme ${i + 1}`));
    expect(await state()).toMatchObject({ next: 500, stored: 499, quarantined: 1 });
    expect(await quarantine()).toEqual([
      { offset: 333, reason: 'unstorable', detail: expect.stringContaining('the database refuses it') },
    ]);
  });

  it('ends at its limits of records and bytes', async () => {
    const small = openPartitionBench(db.url('persistence'), { limits: { records: 3, bytes: 1_000_000 } });
    const partition = await small.claim();
    expect(await partition.handle([0, 1, 2, 3].map((offset) => sourceRecord(offset)))).toHaveLength(3);
    await small.close();
  });
});

describe('after a claim', () => {
  it('publishes again what the last transaction stored, and only that', async () => {
    const before = await bench.claim();
    await drain(before, [sourceRecord(0, { id: 'a' }), sourceRecord(1, { id: 'b' })]);
    const batch = [
      sourceRecord(2, { id: 'c' }),
      sourceRecord(3, { id: 'a' }),
      sourceRecord(4, { id: 'c', note: 'conflict' }),
      sourceRecord(5, { id: 'd' }),
    ];
    const first = await drain(before, batch);
    const claimed = await bench.deps.claims.claim(0, 0);
    expect(claimed).toMatchObject({ epoch: 2, nextOffset: 6, publishedOffset: 2 });
    const after = await bench.claim();
    const again = await drain(after, [...batch, sourceRecord(6, { id: 'e' })]);
    expect(kinds(again)).toEqual(['ok', 'drop:repeat', 'drop:repeat', 'ok', 'ok']);
    expect(emitted(again).slice(0, 2)).toEqual(emitted(first));
    expect(seqs(again)).toEqual(['acme 3', 'acme 4', 'acme 5']);
    expect(await state()).toMatchObject({ next: 7, published: 6, stored: 5, duplicate: 1, quarantined: 1 });
  });

  it('refuses the owner before: nothing is written, the batch is discarded', async () => {
    const zombie = await bench.claim();
    const owner = await bench.claim();
    await drain(owner, [sourceRecord(0)]);
    expect(await zombie.handle([sourceRecord(0), sourceRecord(1)])).toEqual([]);
    expect(await rowCount('audit.events')).toBe(1);
    expect(await state()).toMatchObject({ epoch: 2, next: 1, stored: 1 });
  });

  it('writes and emits nothing while no heartbeat is answered', async () => {
    let fresh = false;
    const partition = await bench.claim({ isFresh: () => fresh });
    expect(await partition.handle([sourceRecord(0)])).toMatchObject([{ kind: 'retry', reason: 'claim_lost' }]);
    expect(await rowCount('audit.events')).toBe(0);
    fresh = true;
    expect(seqs(await drain(partition, [sourceRecord(0)]))).toEqual(['acme 1']);
  });

  it('holds the events back where the heartbeat grew old during the transaction, and emits them afterwards', async () => {
    const answers = [true, false, true];
    const partition = await bench.claim({ isFresh: () => answers.shift() ?? true });
    expect(await partition.handle([sourceRecord(0)])).toMatchObject([{ kind: 'retry', reason: 'claim_lost' }]);
    expect(await rowCount('audit.events')).toBe(1);
    expect(seqs(await partition.handle([sourceRecord(0)]))).toEqual(['acme 1']);
    expect(await state()).toMatchObject({ stored: 1, duplicate: 0 });
  });
});

describe('when the database fails', () => {
  it('acknowledges nothing while a lock is held, and stores once it is free', async () => {
    const impatient = new URL(db.url('persistence'));
    impatient.searchParams.set('options', '-c lock_timeout=200');
    const waiting = openPartitionBench(impatient.toString());
    const partition = await waiting.claim();
    await drain(partition, [sourceRecord(0)]);
    const holder = await db.pool.connect();
    await holder.query(`begin; select 1 from audit.tenant_head where tenant_id = 'acme' for update`);
    expect(await partition.handle([sourceRecord(1)])).toMatchObject([{ kind: 'retry', reason: 'database_conflict' }]);
    await holder.query('rollback');
    holder.release();
    expect(seqs(await drain(partition, [sourceRecord(1)]))).toEqual(['acme 2']);
    await waiting.close();
  });

  it('tries again after its connection was ended (57P01)', async () => {
    const partition = await bench.claim();
    const holder = await db.pool.connect();
    await holder.query('begin; select 1 from audit.partition_state where partition = 0 for update');
    const handled = partition.handle([sourceRecord(0)]);
    let ended = 0;
    while (ended === 0) {
      const { rowCount: found } = await db.pool.query(
        `select pg_terminate_backend(pid) from pg_stat_activity
         where application_name = 'test-persistence' and wait_event_type = 'Lock' and datname = current_database()`,
      );
      ended = found ?? 0;
    }
    await holder.query('rollback');
    holder.release();
    expect(await handled).toMatchObject([{ kind: 'retry', reason: 'database_unavailable' }]);
    expect(seqs(await drain(partition, [sourceRecord(0)]))).toEqual(['acme 1']);
  });

  it('takes a commit whose answer was lost for what it was: the events are published, not stored twice', async () => {
    const claimed = await bench.deps.claims.claim(0, 0);
    const holding = { partition: 0, isFresh: () => true };
    const partition = new AcceptedPartition(holding, claimed, bench.deps);
    // What the commit did while its answer was on the way: the same claim, the same batch.
    await drain(new AcceptedPartition(holding, claimed, bench.deps), [sourceRecord(0)]);
    expect(seqs(await drain(partition, [sourceRecord(0), sourceRecord(1)]))).toEqual(['acme 1', 'acme 2']);
    expect(await state()).toMatchObject({ stored: 2, duplicate: 0 });
  });

  it('makes a missing day and stores at once', async () => {
    const { rows } = await db.pool.query<{ name: string }>(
      `select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid where inhparent in ('audit.events'::regclass, 'audit.quarantine'::regclass)`,
    );
    for (const { name } of rows) await db.pool.query(`drop table audit.${name}`);
    const partition = await bench.claim();
    const outcomes = await drain(partition, [sourceRecord(0), sourceRecord(1, { id: 'e-0', note: 'conflict' })]);
    expect(kinds(outcomes)).toEqual(['ok', 'dead:id_conflict']);
  });

  it('refuses to store where the clocks disagree: a record from the database’s future, or an old one that no second clock explains', async () => {
    const hour = 3_600_000;
    let serviceClock = Date.now();
    const clocked = openPartitionBench(db.url('persistence'), { now: () => serviceClock });
    const partition = await clocked.claim();
    const at = (ms: number) => sourceRecord(0, {}, { timestamp: Date.now() + ms });
    expect(await partition.handle([at(2 * hour)])).toMatchObject([{ kind: 'retry', reason: 'clocks_disagree' }]);
    serviceClock = Date.now() - 2 * hour;
    expect(await partition.handle([at(-2 * hour)])).toMatchObject([{ kind: 'retry', reason: 'clocks_disagree' }]);
    expect(await rowCount('audit.events')).toBe(0);
    serviceClock = Date.now();
    expect(kinds(await partition.handle([at(-2 * hour)]))).toEqual(['ok']);
    await clocked.close();
  });

  it('never stores a tenant’s event under an earlier day than the one before it', async () => {
    const partition = await bench.claim();
    await drain(partition, [sourceRecord(0)]);
    await db.pool.query(`update audit.tenant_head set stored_day = audit.database_day() + 2`);
    await drain(partition, [sourceRecord(1), sourceRecord(2, { tenant: 'other' })]);
    const { rows } = await db.pool.query<{ tenant_id: string; ahead: number }>(
      `select tenant_id, stored_day - audit.database_day() as ahead from audit.events order by accepted_offset`,
    );
    expect(rows.map((row) => row.ahead)).toEqual([0, 2, 0]);
  });
});
