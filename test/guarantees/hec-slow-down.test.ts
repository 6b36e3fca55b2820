// Splunk's codes 24 and 25 (a queue is filling up) come with 200: the events are in. They are delivered once, and the next request waits a little.
import { hecCode, type Script } from '@auditlane/testing';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { attemptsOf, deadLettersOf } from '../support/dead-letters';
import { createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { openReceiver, untilArrivedOnce, type Receiver } from '../support/receivers';
import { trafficOf } from '../support/traffic';
import { eventually } from '@auditlane/testing';

const tenant = 'acme';
/** The pause after a receiver asked for less; what a healthy one waits is next to nothing. */
const pauseMs = 500;

describe.each([24, 25])('a Splunk that answers code %i', (code) => {
  let receiver: Receiver;
  let destination: Destination;
  let line: DeliveryLine;
  let published = 0;

  beforeAll(async () => {
    receiver = await openReceiver('splunk');
    line = await openDeliveryLine({ receivers: [receiver], environment: { AUDITLANE_DELIVERY_LANE_AGE_MS: '3000' } });
    destination = await createDestination(line, tenant, receiver.address);
    await line.start('forwarder-splunk');
    await untilApplied(line, [destination]);
  });

  afterAll(async () => line.close());

  const publish = async (count: number): Promise<void> => {
    await line.publish(trafficOf(count, { from: published + 1, of: [tenant] }));
    published += count;
  };

  it('has every event once, sent at a slower pace, and counts as healthy', async () => {
    await publish(5);
    await untilArrivedOnce(receiver.sink, tenant, published);
    const before = receiver.sink.requests.length;
    const slow: Script = hecCode(code);
    receiver.sink.next(slow, slow, slow);
    for (let round = 1; round <= 4; round++) {
      await publish(5);
      await eventually(() => receiver.sink.requests.length >= before + round, { timeoutMs: 20_000 });
    }
    await untilArrivedOnce(receiver.sink, tenant, published);
    const answered = receiver.sink.requests.slice(before).filter(({ body }) => body.length > 0);
    for (const [at, request] of answered.slice(0, 3).entries())
      expect((answered[at + 1]?.at ?? Infinity) - request.at).toBeGreaterThanOrEqual(pauseMs - 5);
    await eventually(async () => {
      expect((await viewOf(line, destination)).health).toEqual(
        expect.objectContaining({ state: 'healthy', lagEvents: 0 }),
      );
      return true;
    });
    expect(await deadLettersOf(line, destination)).toEqual([]);
    expect(new Set((await attemptsOf(line, destination)).map(({ result }) => result))).toEqual(new Set(['delivered']));
  });
});
