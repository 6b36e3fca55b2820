// Guarantee 4: one bad event never blocks its neighbours, neither in ingestion nor in the database.
import { createHash } from 'node:crypto';
import { encodeAcceptedHeaders, partitionOf } from '@auditlane/contracts';
import { eventually, testPartitions } from '@auditlane/testing';
import { acceptedEvent, acceptedHeaders, acceptedValue } from '../../services/persistence/test/accepted-records';
import { openLine, type Line } from '../support/line';
import { sendRaw } from '../support/raw-records';
import { quarantineOf, rowsOf, totalsOf, untilStored } from '../support/rows';
import { expectTopicToMirrorRows } from '../support/stored-topic';
import { idOf, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

const tenant = 'acme';
const partition = partitionOf(tenant, testPartitions);
const bad = 250;
const others = upTo(500).filter((number) => number !== bad);

let line: Line;
beforeEach(async () => {
  line = await openLine();
});
afterEach(async () => line.close());

async function expectOthersInOrder(): Promise<void> {
  await untilStored(line, others.length);
  const rows = await rowsOf(line, tenant);
  expect(rows.map(({ seq }) => seq)).toEqual(upTo(others.length));
  expect(rows.map(({ id }) => id)).toEqual(others.map(idOf));
  await expectTopicToMirrorRows(line);
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

it('ingestion: 1 of 500 is no audit event: 499 are stored in order, its row has reason, hash and the beginning of its bytes', async () => {
  const poison = Buffer.from(`{"tenantId":"${tenant}","details":"${'x'.repeat(6_000)}`);
  const items = trafficOf(500, { of: [tenant] }).map((event, index) => (index + 1 === bad ? poison : event));
  await line.publish(items, { key: tenant });
  const services = await Promise.all([line.start('ingestion'), line.start('persistence')]);

  await expectOthersInOrder();
  const rows = await eventually(async () => {
    const found = await quarantineOf(line);
    return found.length > 0 && found;
  });
  expect(rows).toEqual([
    {
      topic: line.names.topic('events'),
      partition,
      offset: bad - 1,
      lastOffset: bad - 1,
      reason: 'malformed_json',
      detail: expect.stringMatching(/JSON/),
      tenant: '',
      sha256: sha256(poison),
      bytes: poison.length,
      excerpt: poison.subarray(0, 4_096),
    },
  ]);
  expect(services.map((service) => service.isRunning())).toEqual([true, true]);
});

it('persistence: PostgreSQL refuses 1 of 500: 499 are stored in order, its row has reason, hash and the beginning of its bytes', async () => {
  const events = upTo(500).map((number) =>
    acceptedEvent({
      tenant,
      id: idOf(number),
      // jsonb takes no NUL; nothing that ingestion lets through holds one.
      ...(number === bad ? { parameters: { text: '\0', more: 'x'.repeat(6_000) } } : {}),
    }),
  );
  const poison = acceptedValue(events[bad - 1] ?? acceptedEvent());
  await sendRaw(
    line.names.topic('accepted'),
    events.map((event) => ({
      key: tenant,
      value: acceptedValue(event),
      headers: encodeAcceptedHeaders(acceptedHeaders(event)),
    })),
  );
  const service = await line.start('persistence');

  await expectOthersInOrder();
  expect(await quarantineOf(line)).toEqual([
    {
      topic: line.names.topic('accepted'),
      partition,
      offset: bad - 1,
      lastOffset: bad - 1,
      reason: 'unstorable',
      detail: expect.stringContaining('the database refuses it'),
      tenant,
      sha256: sha256(poison),
      bytes: poison.length,
      excerpt: poison.subarray(0, 4_096),
    },
  ]);
  expect(await totalsOf(line)).toEqual({ consumed: 500, stored: 499, duplicate: 0, quarantined: 1 });
  expect(service.isRunning()).toBe(true);
  expect((await service.metrics()).value('auditlane_quarantine_events_total', { reason: 'unstorable' })).toBe(1);
});
