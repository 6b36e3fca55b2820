// Guarantee 2 and 3: one row per (tenant, event id), however often an event is read or sent; and every record is counted as something.
import { decodeAcceptedHeaders } from '@auditlane/contracts';
import { consumeAll, eventually, makeEvent, testPartitions, type ServiceProcess } from '@auditlane/testing';
import { openLine, type Line } from '../support/line';
import { committedOf, endsOf, moveGroup, withAdmin } from '../support/groups';
import { quarantineOf, rowsOf, totalsOf, untilStored } from '../support/rows';
import { expectTopicToMirrorRows } from '../support/stored-topic';
import { idOf, tenants, trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

const sumOf = (positions: readonly { readonly offset: number }[]): number =>
  positions.reduce((sum, { offset }) => sum + offset, 0);

const fromTheStart = upTo(testPartitions).map((number) => ({ partition: number - 1, offset: 0 }));

/** Both services have done all there is: their groups stand at the ends of their topics. */
async function untilQuiet(line: Line): Promise<void> {
  await withAdmin(async (admin) =>
    eventually(
      async () => {
        for (const [group, topic] of [
          ['ingestion', 'events'],
          ['persistence', 'accepted'],
          ['quarantine', 'rejected'],
        ] as const) {
          const reached = sumOf(await committedOf(admin, line, group, topic));
          expect({ group, reached }).toEqual({ group, reached: sumOf(await endsOf(admin, line, topic)) });
        }
        return true;
      },
      { timeoutMs: 30_000, everyMs: 100 },
    ),
  );
}

async function expectBalance(line: Line, expected: { stored: number; quarantined: number }): Promise<void> {
  const totals = await totalsOf(line);
  expect(totals).toMatchObject(expected);
  expect(totals.consumed).toBe(totals.stored + totals.duplicate + totals.quarantined);
  expect(totals.consumed).toBe((await consumeAll(line.names.topic('accepted'))).length);
}

it('stores each event once when it is sent again, under another key, and when both groups read everything again', async () => {
  const line = await openLine();
  const events = trafficOf(40);
  const expectOneRowEach = async (): Promise<void> => {
    for (const tenant of tenants) expect((await rowsOf(line, tenant)).map(({ id }) => id)).toEqual(upTo(40).map(idOf));
    await expectBalance(line, { stored: events.length, quarantined: 0 });
    await expectTopicToMirrorRows(line);
  };
  const start = async (): Promise<ServiceProcess[]> =>
    Promise.all([line.start('ingestion'), line.start('persistence')]);

  await line.publish(events);
  let services = await start();
  await untilStored(line, events.length);

  await line.publish(events);
  await line.publish(events, { key: null });
  await line.publish(events.toReversed());
  await untilQuiet(line);
  await expectOneRowEach();
  expect((await totalsOf(line)).duplicate).toBe(3 * events.length);

  await Promise.all(services.map((service) => service.stop()));
  await withAdmin(async (admin) => {
    await moveGroup(admin, line, 'ingestion', 'events', fromTheStart);
    await moveGroup(admin, line, 'persistence', 'accepted', fromTheStart);
  });
  services = await start();
  await eventually(async () => (await totalsOf(line)).consumed === 8 * events.length, { timeoutMs: 30_000 });
  await untilQuiet(line);
  await expectOneRowEach();
  expect((await totalsOf(line)).duplicate).toBe(7 * events.length);
  expect(services.every((service) => service.isRunning())).toBe(true);
  await line.close();
});

it('keeps the first of two events with one id, and puts the other into quarantine with both content hashes', async () => {
  const line = await openLine();
  await Promise.all([line.start('ingestion'), line.start('persistence')]);
  const first = makeEvent({ id: 'one-id', details: 'the first' });
  const other = makeEvent({ ...first, details: 'the other' });
  await line.publish([first, other, first, other]);
  await line.publish([{ ...other, tenantId: 'globex' }]);
  await untilStored(line, 2);
  await untilQuiet(line);

  expect((await rowsOf(line)).map(({ tenant, id, details }) => [tenant, id, details])).toEqual([
    ['acme', 'one-id', 'the first'],
    ['globex', 'one-id', 'the other'],
  ]);
  const accepted = (await consumeAll(line.names.topic('accepted'))).filter(({ key }) => key?.toString() === 'acme');
  const [hash, otherHash] = accepted.map(({ headers }) => decodeAcceptedHeaders(headers)?.contentHash ?? '');
  const rows = await quarantineOf(line);
  expect(rows.map(({ reason, tenant }) => ({ reason, tenant }))).toEqual([
    { reason: 'id_conflict', tenant: 'acme' },
    { reason: 'id_conflict', tenant: 'acme' },
  ]);
  for (const { detail } of rows) {
    expect(detail).toContain(hash);
    expect(detail).toContain(otherHash);
  }
  await expectBalance(line, { stored: 2, quarantined: 2 });
  await line.close();
});
