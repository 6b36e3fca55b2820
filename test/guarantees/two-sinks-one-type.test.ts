// Guarantee 5, within a tenant: two destinations of one type are two lanes, and what one refuses the other does not notice.
import { scripts } from '@auditlane/testing';
import { cursorOf, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, untilArrivedOnce, type Receiver } from '../support/receivers';
import { trafficOf, upTo } from '../support/traffic';

const tenant = 'acme';

describe('a tenant with two collectors of one type', () => {
  let collector: Receiver;
  let archive: Receiver;
  let toCollector: Destination;
  let toArchive: Destination;
  let line: DeliveryLine;

  beforeAll(async () => {
    [collector, archive] = await Promise.all([openReceiver('http'), openReceiver('http')]);
    line = await openDeliveryLine({ receivers: [collector, archive] });
    toCollector = await createDestination(line, tenant, collector.address, { name: 'Collector' });
    toArchive = await createDestination(line, tenant, archive.address, {
      name: 'Archive',
      options: { format: 'ndjson', gzip: true },
    });
    await line.start('forwarder-http');
    await untilApplied(line, [toCollector, toArchive]);
  });

  afterAll(async () => line.close());

  const publish = async (from: number, to: number): Promise<void> =>
    line.publish(trafficOf(to - from + 1, { from, of: [tenant] }));

  it('gets every event once at each, in order, each in its own format', async () => {
    await publish(1, 50);
    for (const { sink } of [collector, archive]) await untilArrivedOnce(sink, tenant, 50);
    const formats = [collector, archive].map(({ sink }) => sink.requests.map(({ headers }) => headers['content-type']));
    expect(new Set(formats[0])).toEqual(new Set(['application/json']));
    expect(new Set(formats[1])).toEqual(new Set(['application/x-ndjson']));
  });

  it('goes on receiving at one while the other is down, and the other gets what it missed, each still once', async () => {
    for (const destination of [toCollector, toArchive]) await untilLive(line, destination);
    archive.sink.always(scripts.answer(503));
    await publish(51, 80);
    await untilParked(line, toArchive);
    await publish(81, 120);
    await untilArrivedOnce(collector.sink, tenant, 120);
    await untilAllCommitted(line, 'forwarder-http');
    expect(await cursorOf(line, toCollector)).toBeUndefined();
    expect(firstArrivals(archive.sink, tenant)).toEqual(upTo(50));

    archive.sink.always(scripts.pass);
    await untilArrivedOnce(archive.sink, tenant, 120);
    await untilLive(line, toArchive);
    await publish(121, 130);
    for (const { sink } of [collector, archive]) await untilArrivedOnce(sink, tenant, 130);
  });
});
