// The promises that every other integration test builds on.
import {
  consumeAll,
  createTopics,
  freshDatabase,
  freshPrefix,
  makeEvent,
  produce,
  stack,
  testPartitions,
} from '@auditlane/testing';
import { Client } from 'pg';
import { namesWith, partitionOf } from '@auditlane/contracts';

describe('the stack of a test run', () => {
  it('reads back what was produced, in order, under a prefix that meets no other', async () => {
    const [mine, other] = [freshPrefix(), freshPrefix()];
    await Promise.all([createTopics(mine), createTopics(other)]);
    const events = Array.from({ length: 20 }, (_, n) => makeEvent({ tenantId: `t${n % 2}`, details: `event ${n}` }));
    await produce(mine, events);
    await produce(mine, [Buffer.from([0xff])], { key: null, partition: 0, headers: { note: 'bytes' } });

    const records = await consumeAll(namesWith(mine).topic('events'));

    const texts = records.map((record) => record.value?.toString());
    for (const tenantId of ['t0', 't1'])
      expect(texts.filter((text) => text?.includes(`"${tenantId}"`))).toEqual(
        events.filter((event) => event.tenantId === tenantId).map((event) => JSON.stringify(event)),
      );
    expect(records.find((record) => record.key?.toString() === 't0')?.partition).toBe(
      partitionOf('t0', testPartitions),
    );
    expect(records).toHaveLength(21);
    expect(await consumeAll(namesWith(other).topic('events'))).toEqual([]);
  });

  it('gives each test file a database that no other sees', async () => {
    const [mine, other] = await Promise.all([freshDatabase(), freshDatabase()]);
    await mine.pool.query('CREATE TABLE only_here (x int)');

    const { rows } = await other.pool.query("SELECT to_regclass('only_here') AS found");

    expect(rows).toEqual([{ found: null }]);
    await mine.drop();
    const left = await other.pool.query('SELECT 1 FROM pg_database WHERE datname = $1', [mine.name]);
    expect(left.rowCount).toBe(0);
  });

  it('hands out each service its own role in a migrated database', async () => {
    const database = await freshDatabase();
    const roles = [
      'migrator',
      'persistence',
      'query',
      'forwarder_splunk',
      'forwarder_http',
      'forwarder_elasticsearch',
    ] as const;

    for (const role of roles) {
      const client = new Client({ connectionString: database.url(role) });
      await client.connect();
      const { rows } = await client.query(
        "SELECT current_user AS me, to_regclass('audit.events') IS NOT NULL AS migrated",
      );
      await client.end();
      expect(rows).toEqual([{ me: `auditlane_${role}`, migrated: true }]);
    }
  });

  it('listens on loopback only', () => {
    expect(stack().brokers.every((broker) => broker.startsWith('127.0.0.1:'))).toBe(true);
  });
});
