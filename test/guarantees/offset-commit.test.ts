// Kafka's offsets are a hint that never runs ahead of what is durable, and the database's own offset decides where to go on.
import type { Admin } from 'kafkajs';
import { consumeAll, eventually, throughout } from '@auditlane/testing';
import { committedOf, endsOf, moveGroup, withAdmin, type Position } from '../support/groups';
import { openLine, type Line } from '../support/line';
import { rowsOf, totalsOf, untilStored, untilTotals } from '../support/rows';
import { expectTopicToMirrorRows } from '../support/stored-topic';
import { idOf, tenants, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

let line: Line;
beforeEach(async () => {
  line = await openLine({ environment: { AUDITLANE_PERSIST_BATCH_RECORDS: '10' } });
});
afterEach(async () => line.close());

const sum = (positions: readonly Position[]): number => positions.reduce((total, { offset }) => total + offset, 0);

/** Kafka is asked first: what the database says after it can only have moved on meanwhile. */
async function expectCommittedToBeDurable(admin: Admin): Promise<Position[]> {
  const committed = await committedOf(admin, line, 'persistence', 'accepted');
  const published = await endsOf(admin, line, 'stored');
  const { rows } = await line.db.pool.query<{ partition: number; next: number; first: number }>(
    `select partition, next_offset::float8 as next, published_offset::float8 as first from audit.partition_state`,
  );
  for (const { partition, offset } of committed) {
    expect(offset).toBeLessThanOrEqual(rows.find((row) => row.partition === partition)?.next ?? 0);
    // All events of this test are new ones, each a record of `stored`.
    expect(offset).toBeLessThanOrEqual(published.find((end) => end.partition === partition)?.offset ?? 0);
  }
  const read = await committedOf(admin, line, 'ingestion', 'events');
  expect(sum(read)).toBeLessThanOrEqual(sum(await endsOf(admin, line, 'accepted')));
  return committed;
}

it('commits only what is stored and published, sampled under traffic and while the database keeps a batch waiting', async () => {
  await Promise.all([line.start('ingestion'), line.start('persistence')]);
  await withAdmin(async (admin) => {
    const seen = new Set<number>();
    let published = 0;
    const publish = async (count: number): Promise<void> => {
      await line.publish(trafficOf(count, { from: published + 1 }));
      published += count;
    };
    // Until it was caught at several places on its way.
    await eventually(async () => {
      await publish(10);
      seen.add(sum(await expectCommittedToBeDurable(admin)));
      return seen.size > 4;
    });
    await untilStored(line, published * tenants.length);
    await eventually(async () => sum(await expectCommittedToBeDurable(admin)) === published * tenants.length);

    const holder = await line.db.pool.connect();
    await holder.query('begin');
    await holder.query('select 1 from audit.tenant_head for update');
    const before = published * tenants.length;
    await publish(20);
    await eventually(async () => {
      const waiting = await line.db.pool.query(
        `select 1 from pg_stat_activity where datname = current_database() and application_name = 'auditlane-persistence' and wait_event_type = 'Lock'`,
      );
      return (waiting.rowCount ?? 0) > 0;
    });
    await throughout(
      async () => {
        expect(sum(await expectCommittedToBeDurable(admin))).toBe(before);
      },
      { forMs: 1_000 },
    );
    await holder.query('rollback');
    holder.release();
    await eventually(async () => sum(await expectCommittedToBeDurable(admin)) === published * tenants.length);
    await expectTopicToMirrorRows(line);
  });
});

it.each([
  ['ingestion', 'ingestion.afterProduce', 'ingestion', 'events'],
  ['persistence', 'persistence.afterStoredProduce', 'persistence', 'accepted'],
] as const)(
  '%s has committed nothing when it dies at %s of its first batch, the last step before the commit',
  async (service, point, group, topic) => {
    await line.publish(trafficOf(20));
    if (service === 'persistence') {
      const ingestion = await line.start('ingestion');
      await withAdmin(async (admin) =>
        eventually(async () => sum(await endsOf(admin, line, 'accepted')) === 20 * tenants.length),
      );
      await ingestion.stop();
    }
    await line.crash(service, point);
    await withAdmin(async (admin) => {
      expect(await committedOf(admin, line, group, topic)).toEqual([]);
    });
  },
);

describe("the database's offset wins where Kafka's", () => {
  const before = 30;
  const waiting = 15;

  beforeEach(async () => {
    await line.publish(trafficOf(before));
    const persistence = await line.start('persistence');
    await line.start('ingestion');
    await untilStored(line, before * tenants.length);
    await persistence.stop();
    await line.publish(trafficOf(waiting, { from: before + 1 }));
    await withAdmin(async (admin) =>
      eventually(async () => sum(await endsOf(admin, line, 'accepted')) === (before + waiting) * tenants.length),
    );
  });

  // Moved back to the start: replay-idempotent.
  it.each<[string, (admin: Admin) => Promise<unknown>]>([
    ['was deleted', async (admin) => admin.deleteGroups([line.names.group('persistence')])],
    [
      'was moved past records that wait',
      async (admin) => moveGroup(admin, line, 'persistence', 'accepted', await endsOf(admin, line, 'accepted')),
    ],
  ])('%s', async (_what, accident) => {
    await withAdmin(accident);
    await line.start('persistence');
    const stored = (before + waiting) * tenants.length;
    await untilTotals(line, { consumed: stored, stored, duplicate: 0, quarantined: 0 });
    for (const tenant of tenants)
      expect((await rowsOf(line, tenant)).map(({ id }) => id)).toEqual(upTo(before + waiting).map(idOf));
    await expectTopicToMirrorRows(line);
  });
});

it("ingestion without its group's offset begins at the start of the topic: repeats, and no loss", async () => {
  await line.publish(trafficOf(20));
  const ingestion = await line.start('ingestion');
  await line.start('persistence');
  await untilStored(line, 20 * tenants.length);
  await ingestion.stop();
  await line.publish(trafficOf(10, { from: 21 }));
  await withAdmin(async (admin) => admin.deleteGroups([line.names.group('ingestion')]));
  await line.start('ingestion');
  await untilTotals(line, { stored: 30 * tenants.length, duplicate: 20 * tenants.length });
  expect((await consumeAll(line.names.topic('accepted'))).length).toBe((await totalsOf(line)).consumed);
});
