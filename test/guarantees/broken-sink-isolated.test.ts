// Guarantee 5: one tenant's broken receiver delays no other tenant's events and no commit, and gets everything once it is well again.
import { scripts, type ServiceProcess, type Sink } from '@auditlane/testing';
import { untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import {
  firstArrivals,
  openReceiver,
  repeatsAt,
  unansweredAt,
  untilArrived,
  untilArrivedOnce,
  type Receiver,
} from '../support/receivers';
import { tenants, trafficOf, upTo } from '../support/traffic';

interface Fault {
  readonly what: string;
  /** Its first request stays open until it is well again. */
  readonly hangs?: boolean;
  readonly breaks: (sink: Sink) => Promise<void> | void;
  readonly mends: (sink: Sink) => Promise<void> | void;
}

const faults: readonly Fault[] = [
  {
    what: 'answers 503',
    breaks: (sink) => sink.always(scripts.answer(503)),
    mends: (sink) => sink.always(scripts.pass),
  },
  {
    what: 'takes events in and never answers',
    hangs: true,
    breaks: (sink) => sink.always(scripts.hang(true)),
    mends(sink) {
      sink.always(scripts.pass);
      sink.closeConnections();
    },
  },
  {
    what: 'refuses connections',
    breaks: (sink) => sink.close(),
    mends: (sink) => sink.open(),
  },
];

// The first two share a partition: whatever a lane does to its partition, the neighbour would feel.
const [unlucky, neighbour, stranger] = tenants;

describe("a tenant's receiver", () => {
  let receiver: Receiver;
  let destination: Destination;
  let others: readonly { readonly tenant: string; readonly sink: Sink }[];
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  let published = 0;

  beforeAll(async () => {
    const [first, second, third] = await Promise.all([
      openReceiver('http'),
      openReceiver('http'),
      openReceiver('http'),
    ]);
    receiver = first;
    line = await openDeliveryLine({ receivers: [first, second, third] });
    destination = await createDestination(line, unlucky, first.address);
    const well = [
      await createDestination(line, neighbour, second.address),
      await createDestination(line, stranger, third.address),
    ];
    others = [
      { tenant: neighbour, sink: second.sink },
      { tenant: stranger, sink: third.sink },
    ];
    forwarder = await line.start('forwarder-http');
    await untilApplied(line, [destination, ...well]);
  });

  afterAll(async () => line.close());

  async function publish(count: number): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: [unlucky, neighbour, stranger] }));
    published += count;
  }

  const failedRequests = async (): Promise<number> =>
    (await forwarder.metrics()).value('auditlane_delivery_attempts_total', { result: 'retry' }) ?? 0;

  it.each(faults)('that $what holds up nobody, and gets everything afterwards', async ({ hangs, breaks, mends }) => {
    const { sink } = receiver;
    await publish(20);
    await untilArrived(sink, unlucky, published);
    await untilLive(line, destination);

    const failed = await failedRequests();
    await breaks(sink);
    await publish(30);
    await untilParked(line, destination);
    await publish(30);
    for (const { tenant, sink: well } of others) await untilArrivedOnce(well, tenant, published);
    await untilAllCommitted(line, 'forwarder-http');
    // While a request hangs it has not failed: the others did not wait for its end.
    if (hangs) expect(await failedRequests()).toBe(failed);
    const arrived = firstArrivals(sink, unlucky);
    expect(arrived).toEqual(upTo(arrived.length));
    expect(arrived.length).toBeLessThan(published);

    await mends(sink);
    await untilArrived(sink, unlucky, published);
    await untilLive(line, destination);
    expect(repeatsAt(sink, unlucky)).toBeLessThanOrEqual(unansweredAt(sink));
  });
});
