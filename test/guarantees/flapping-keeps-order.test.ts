// Order and completeness at receivers that come and go: each kind of failure, again and again, in any mixture, at every type of destination.
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { eventually, scripts, type Script } from '@auditlane/testing';
import { untilAllCommitted, untilLive } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, untilArrived, type Receiver } from '../support/receivers';
import { tenants, trafficOf, upTo } from '../support/traffic';

const crowd = [tenants[0], tenants[1]] as const;
/** What a receiver that flaps does to one request each; a drain ends at most of them and begins anew at the cursor. */
const troubles: readonly Script[] = [
  scripts.pass,
  scripts.answer(503),
  scripts.pass,
  scripts.pass,
  scripts.reset('headers'),
  scripts.answer(401),
  scripts.pass,
  scripts.resetAfterIngest,
  scripts.pass,
  scripts.retryAfter(429, '0'),
  scripts.reset('body'),
  scripts.pass,
  scripts.answer(403),
  scripts.answer(500, { ingest: true }),
  scripts.pass,
  scripts.garbage,
];
const rounds = 4;

interface Lane {
  readonly tenant: string;
  readonly type: DestinationType;
  readonly receiver: Receiver;
  readonly destination: Destination;
}

describe('receivers that flap', () => {
  let lanes: readonly Lane[];
  let line: DeliveryLine;
  let published = 0;

  beforeAll(async () => {
    const wanted = destinationTypes.flatMap((type) => crowd.map((tenant) => ({ type, tenant })));
    const opened = await Promise.all(wanted.map(async (one) => ({ ...one, receiver: await openReceiver(one.type) })));
    line = await openDeliveryLine({
      receivers: opened.map(({ receiver }) => receiver),
      environment: { AUDITLANE_DELIVERY_BACKOFF_BASE_MS: '20', AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '100' },
    });
    lanes = await Promise.all(
      opened.map(async (one) => ({
        ...one,
        destination: await createDestination(line, one.tenant, one.receiver.address),
      })),
    );
    await Promise.all(destinationTypes.map(async (type) => line.start(`forwarder-${type}`)));
    await untilApplied(
      line,
      lanes.map(({ destination }) => destination),
    );
  });

  afterAll(async () => line.close());

  async function publish(count: number): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: crowd }));
    published += count;
  }

  it('get every event, none before one that was stored earlier', async () => {
    for (let round = 0; round < rounds; round++) {
      // Each lane begins elsewhere in the list, so that lanes of one partition are never in step.
      const before = lanes.map(({ receiver }, at) => {
        const turned = troubles.map((_, index) => troubles[(index + at * 3 + round) % troubles.length] ?? scripts.pass);
        receiver.sink.next(...turned);
        return receiver.sink.requests.length;
      });
      // Events keep coming until each receiver has done all of it: one that is in order asks for one request a wave.
      await eventually(
        async () => {
          await publish(3);
          return lanes.every(({ receiver: { sink } }, at) => sink.requests.length - (before[at] ?? 0) >= answered);
        },
        { timeoutMs: 30_000, everyMs: 20 },
      );
      for (const { receiver, tenant } of lanes) {
        const arrived = firstArrivals(receiver.sink, tenant);
        expect(arrived).toEqual(upTo(arrived.length));
      }
    }
    for (const { receiver, tenant } of lanes) await untilArrived(receiver.sink, tenant, published);
    for (const { destination } of lanes) await untilLive(line, destination);
    for (const type of destinationTypes) await untilAllCommitted(line, `forwarder-${type}`);
  });

  it('get again only what they answered nothing good to', () => {
    for (const { receiver, tenant } of lanes) {
      const { sink } = receiver;
      const unsure = sink.requests.filter(({ status }) => status !== 200);
      const repeats = sink.seqs(tenant).length - published;
      expect(repeats).toBeLessThanOrEqual(unsure.reduce((sum, { taken }) => sum + taken.length, 0));
    }
  });
});

/** Requests of one round that a journal shows: a connection that is reset at the headers leaves none. */
const answered = troubles.filter((script) => !(script.do === 'reset' && script.when === 'headers')).length;
