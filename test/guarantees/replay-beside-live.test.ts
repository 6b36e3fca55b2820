// A replay delivers exactly its range, wherever its forwarder is killed, and live events do not wait for it; dead letters are sent again on request.
import { z } from 'zod';
import { eventually, scripts } from '@auditlane/testing';
import { untilLive } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { untilDeadLetters } from '../support/dead-letters';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { openReceiver, untilArrived, untilArrivedOnce, type Receiver } from '../support/receivers';
import { trafficOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

const role = 'settings-admin';
const replaySchema = z.object({
  id: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  events: z.number(),
  nextSeq: z.number(),
  delivered: z.number(),
  deadLettered: z.number(),
  unwanted: z.number(),
  missing: z.number(),
});
type Replay = z.infer<typeof replaySchema>;

let receiver: Receiver;
let line: DeliveryLine;
beforeAll(async () => {
  receiver = await openReceiver('splunk');
  line = await openDeliveryLine({ receivers: [receiver] });
});
beforeEach(() => receiver.sink.reset());
afterAll(async () => line.close());

async function started({ id, tenant }: Destination, json: unknown): Promise<Replay> {
  const answer = await line.call(`/destinations/${id}/replays`, { tenant, role, method: 'POST', json });
  expect([answer.status, answer.body]).toEqual([201, expect.anything()]);
  return replaySchema.parse(answer.body);
}

async function wish({ id, tenant }: Destination, replay: string, wanted: string): Promise<void> {
  const path = `/destinations/${id}/replays/${replay}`;
  expect((await line.call(path, { tenant, role, method: 'PUT', json: { wish: wanted } })).status).toBe(200);
}

async function until({ id, tenant }: Destination, replay: string, wanted: Partial<Replay>): Promise<Replay> {
  return eventually(
    async () => {
      const { body } = await line.call(`/destinations/${id}/replays/${replay}`, { tenant, role });
      expect(body).toMatchObject(wanted);
      return replaySchema.parse(body);
    },
    { timeoutMs: 40_000, everyMs: 50 },
  );
}

it('dead letters are sent again once the receiver was mended: one, then all; what it takes is a dead letter no more', async () => {
  const tenant = 'globex';
  const { sink, address } = receiver;
  const destination = await createDestination(line, tenant, address);
  const bad = new Set([3, 6, 7, 9]);
  sink.refuse(({ seq }) => bad.has(seq));
  const forwarder = await line.start('forwarder-splunk');
  await untilApplied(line, [destination]);
  await line.publish(trafficOf(12, { of: [tenant] }));
  await untilDeadLetters(line, destination, [3, 6, 7, 9]);

  for (const mended of [3, 6, 7]) bad.delete(mended);
  const one = await started(destination, { kind: 'dead_letters', seqs: [6] });
  await until(destination, one.id, { state: 'completed', delivered: 1, events: 1 });
  await untilDeadLetters(line, destination, [3, 7, 9]);
  const all = await started(destination, { kind: 'dead_letters', seqs: 'all' });
  await until(destination, all.id, { state: 'completed', delivered: 2, deadLettered: 1, events: 3 });
  await untilDeadLetters(line, destination, [9]);
  expect(sink.seqs(tenant).toSorted((one, other) => one - other)).toEqual(upTo(12).filter((seq) => seq !== 9));
  const { body } = await line.call(`/destinations/${destination.id}/dead-letters/9`, { tenant, role });
  expect(body).toMatchObject({ resends: 1, stored: true, request: { headers: { authorization: 'Splunk ••••' } } });
  expect((await forwarder.stop()).code).toBe(0);
});

it('a replay of 300 events beside live ones, paused, resumed and killed on its way: each arrives again, live ones in order and before its end', async () => {
  const tenant = 'acme';
  const { sink, address } = receiver;
  const destination = await createDestination(line, tenant, address);
  const doomed = await line.start('forwarder-splunk', { CRASH_AT: 'replay.afterAnswer:3' });
  await untilApplied(line, [destination]);
  await line.publish(trafficOf(300, { of: [tenant] }));
  await untilArrivedOnce(sink, tenant, 300);
  await untilLive(line, destination);

  // Held up at its first request, which is never answered: live events pass it.
  sink.next(scripts.hang());
  const replay = await started(destination, { kind: 'range', from: '2000-01-01T00:00:00Z', to: 300 });
  expect(replay).toMatchObject({ events: 300, nextSeq: 1 });
  await eventually(() => sink.requests.some(({ status }) => status === 0));
  await line.publish(trafficOf(50, { from: 301, of: [tenant] }));
  await untilArrivedOnce(sink, tenant, 350);
  expect((await until(destination, replay.id, { state: 'running' })).delivered).toBe(0);
  await wish(destination, replay.id, 'pause');
  await until(destination, replay.id, { state: 'paused' });
  sink.closeConnections();
  await wish(destination, replay.id, 'run');

  expect((await doomed.exited).signal).toBe('SIGKILL');
  await line.publish(trafficOf(50, { from: 351, of: [tenant] }));
  await line.start('forwarder-splunk');
  const done = await until(destination, replay.id, { state: 'completed' });
  expect(done).toMatchObject({ delivered: 300, deadLettered: 0, unwanted: 0, missing: 0, nextSeq: 301 });
  await untilArrived(sink, tenant, 400);
  const times = new Map<number, number>();
  for (const seq of sink.seqs(tenant)) times.set(seq, (times.get(seq) ?? 0) + 1);
  expect(upTo(300).filter((seq) => (times.get(seq) ?? 0) < 2)).toEqual([]);
});
