// The service as a process on a real broker and database: killed at each named point, its effect stays exactly once and `stored` complete.
import { headerText, namesWith, topicNames } from '@auditlane/contracts';
import { BatchProducer } from '@auditlane/kafka';
import {
  consumeAll,
  createTopics,
  eventually,
  freshDatabase,
  freshPrefix,
  produce,
  type ServiceEnvironment,
  spawnService,
  stack,
  startService,
  type TestDatabase,
  testPartitions,
} from '@auditlane/testing';
import { type AcceptedEvent, acceptedEvent, outgoing, tenantIn } from './accepted-records';

// A killed process keeps its partitions for a session time-out.
jest.setTimeout(120_000);

let db: TestDatabase;
let prefix: string;
let environment: ServiceEnvironment;
const producer = new BatchProducer({
  connection: { brokers: stack().brokers, clientId: 'test' },
  partitions: testPartitions,
});

beforeAll(async () => producer.connect());
afterAll(async () => producer.disconnect());
beforeEach(async () => {
  db = await freshDatabase();
  prefix = freshPrefix();
  await createTopics(prefix);
  environment = {
    AUDITLANE_TOPIC_PREFIX: prefix,
    AUDITLANE_DATABASE_URL: db.url('persistence'),
    AUDITLANE_PERSIST_BATCH_RECORDS: '20',
  };
});

const send = async (events: readonly AcceptedEvent[]) =>
  producer.send(events.map((event) => outgoing(namesWith(prefix).topic('accepted'), event)));

/** Three tenants in two partitions, each id twice. */
function eventsOf(count: number, from = 0): AcceptedEvent[] {
  const tenants = [tenantIn(0, testPartitions), tenantIn(0, testPartitions, 1), tenantIn(1, testPartitions)];
  return Array.from({ length: count }, (_, i) =>
    acceptedEvent({ tenant: tenants[i % 3] ?? 'acme', id: `event-${Math.floor((from + i) / 6)}-${i % 3}` }),
  );
}

interface Totals {
  readonly consumed: number;
  readonly stored: number;
  readonly counted: number;
}

async function totals(): Promise<Totals> {
  const { rows } = await db.pool.query<Totals>(
    `select coalesce(sum(next_offset), 0)::int as consumed, coalesce(sum(stored), 0)::int as stored,
       coalesce(sum(stored + duplicate + quarantined), 0)::int as counted from audit.partition_state`,
  );
  return rows[0] ?? { consumed: 0, stored: 0, counted: 0 };
}

/** Every row of the store stands in `stored`, with the same bytes, in order of seq by first appearance, and nothing else does; repeats too name the one before. */
async function expectStoredToMirrorTheRows(): Promise<void> {
  const { rows } = await db.pool.query<{ tenant_id: string; seq: number; canonical: string; at: number }>(
    `select tenant_id, seq::int, canonical, accepted_offset::int as at from audit.events order by tenant_id, seq`,
  );
  const expected = new Map(rows.map((row) => [`${row.tenant_id} ${row.seq}`, row]));
  const lastSeq = new Map<string, number>();
  const seen = new Set<string>();
  const highest = new Map<number, number>();
  const links = new Map<string, string>();
  for (const record of await consumeAll(prefix + topicNames.stored)) {
    const tenant = headerText(record.headers, 'tenant');
    const seq = Number(headerText(record.headers, 'seq'));
    const row = expected.get(`${tenant} ${seq}`);
    expect(record.value?.toString()).toBe(row?.canonical);
    const at = Number(headerText(record.headers, 'acceptedOffset'));
    expect(at).toBe(row?.at);
    const before = highest.get(record.partition) ?? -1;
    const link = links.get(`${record.partition} ${at}`) ?? String(before);
    expect(headerText(record.headers, 'previous')).toBe(link);
    links.set(`${record.partition} ${at}`, link);
    highest.set(record.partition, Math.max(before, at));
    if (seen.has(`${tenant} ${seq}`)) continue;
    seen.add(`${tenant} ${seq}`);
    expect(seq).toBe((lastSeq.get(tenant) ?? 0) + 1);
    lastSeq.set(tenant, seq);
  }
  expect(seen.size).toBe(rows.length);
}

describe('killed with SIGKILL', () => {
  it.each([
    'persistence.beforeCommit:2',
    'persistence.afterCommit:2',
    'persistence.beforeStoredProduce:2',
    'persistence.afterStoredProduce:2',
  ])('at %s, the next process leaves each event stored once and published', async (point) => {
    await send(eventsOf(180));
    const doomed = await spawnService('persistence', { ...environment, CRASH_AT: point });
    expect((await doomed.exited).signal).toBe('SIGKILL');
    await startService('persistence', environment);
    await send(eventsOf(60, 180));
    await eventually(async () => {
      const { consumed, stored, counted } = await totals();
      // The test's own producer may have sent a record twice; then that is one duplicate more.
      expect(consumed).toBeGreaterThanOrEqual(240);
      expect({ stored, counted }).toEqual({ stored: 120, counted: consumed });
      expect(await consumeAll(prefix + topicNames.stored).then((records) => records.length)).toBeGreaterThanOrEqual(
        120,
      );
      return true;
    });
    await eventually(async () => {
      await expectStoredToMirrorTheRows();
      return true;
    });
  });
});

describe('a service as a process', () => {
  it('copies rejected records into quarantine, repeats ignored, and reports what it did', async () => {
    const headers = {
      reason: 'malformed_json',
      detail: 'is not JSON',
      topic: prefix + topicNames.events,
      partition: '2',
      offset: '7',
      lastOffset: '7',
      timestamp: String(Date.now()),
      tenant: 'acme',
      action: '',
    };
    await produce(prefix, [Buffer.from('{oops'), Buffer.from('{oops')], { topic: 'rejected', headers });
    await produce(prefix, [Buffer.from('x')], {
      topic: 'rejected',
      headers: { ...headers, offset: '8', lastOffset: '8' },
    });
    const service = await startService('persistence', environment);
    await eventually(async () => {
      const { rows } = await db.pool.query(
        `select reason, tenant_id, partition, "offset"::int as "offset", convert_from(excerpt, 'UTF8') as excerpt, value_bytes::int as bytes
         from audit.quarantine order by "offset"`,
      );
      expect(rows).toEqual([
        { reason: 'malformed_json', tenant_id: 'acme', partition: 2, offset: 7, excerpt: '{oops', bytes: 5 },
        { reason: 'malformed_json', tenant_id: 'acme', partition: 2, offset: 8, excerpt: 'x', bytes: 1 },
      ]);
      return true;
    });
    await send(eventsOf(60));
    await eventually(async () => (await totals()).counted >= 60);
    const metrics = await service.metrics();
    expect(metrics.value('auditlane_quarantine_events_total', { reason: 'malformed_json' })).toBe(2);
    expect(metrics.value('auditlane_persist_events_total', { outcome: 'stored' })).toBe(30);
    expect(metrics.value('auditlane_persist_events_total', { outcome: 'duplicate' })).toBeGreaterThanOrEqual(30);
    expect(metrics.value('auditlane_ingest_freshness_seconds_count')).toBe(30);
    expect(metrics.value('auditlane_partitions_ahead_seconds')).toBeGreaterThan(7 * 86_400);
    expect((await service.stop()).code).toBe(0);
  });

  it('refuses to start with another partition count than the database records, naming the setting', async () => {
    const service = await spawnService('persistence', { ...environment, AUDITLANE_PARTITIONS: '4' });
    expect((await service.exited).code).toBe(1);
    expect(service.logs()).toContain('AUDITLANE_PARTITIONS is 4, but the database was set up for 3');
  });

  it('refuses a topic that ends before what the database has stored', async () => {
    await db.pool.query('insert into audit.partition_state (partition, epoch, next_offset) values (0, 1, 1000)');
    const service = await spawnService('persistence', environment);
    expect((await service.exited).code).toBe(1);
    expect(service.logs()).toContain('names another installation, or the topic was made anew');
  });
});
