// Splunk's codes 24 and 25 (a queue is filling up) come with 200: the events are in. They are delivered once, and the next request waits a little.
import { hecCode, type Script } from '@auditlane/testing';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { attemptsOf, deadLettersOf } from '../support/dead-letters';
import { createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { openReceiver, untilArrivedOnce, type Receiver } from '../support/receivers';
import { trafficOf } from '../support/traffic';
import { eventually } from '@auditlane/testing';

/** The pause after a receiver asked for less; what a healthy one waits is next to nothing. */
const pauseMs = 500;

const codes = [24, 25] as const;
const tenantOf = (code: number): string => `code-${code}`;

describe('a Splunk whose queue is filling up', () => {
  const tried = new Map<number, { readonly receiver: Receiver; readonly destination: Destination }>();
  let line: DeliveryLine;

  beforeAll(async () => {
    const receivers = await Promise.all(codes.map(async () => openReceiver('splunk')));
    line = await openDeliveryLine({ receivers, environment: { AUDITLANE_DELIVERY_LANE_AGE_MS: '3000' } });
    for (const [at, receiver] of receivers.entries()) {
      const code = codes[at] ?? 0;
      tried.set(code, { receiver, destination: await createDestination(line, tenantOf(code), receiver.address) });
    }
    await line.start('forwarder-splunk');
    await untilApplied(
      line,
      [...tried.values()].map(({ destination }) => destination),
    );
  });

  afterAll(async () => line.close());

  it.each(codes)(
    'and that says so with %i has every event once, at a slower pace, and counts as healthy',
    async (code) => {
      const found = tried.get(code);
      if (!found) throw new Error(`no destination for code ${code}`);
      const { receiver, destination } = found;
      const tenant = tenantOf(code);
      const publish = (round: number): Promise<void> =>
        line.publish(trafficOf(5, { from: 5 * round + 1, of: [tenant] }));
      await publish(0);
      await untilArrivedOnce(receiver.sink, tenant, 5);
      const before = receiver.sink.requests.length;
      const slow: Script = hecCode(code);
      receiver.sink.next(slow, slow, slow);
      for (let round = 1; round <= 4; round++) {
        await publish(round);
        await eventually(() => receiver.sink.requests.length >= before + round, { timeoutMs: 20_000 });
      }
      await untilArrivedOnce(receiver.sink, tenant, 25);
      const answered = receiver.sink.requests.slice(before);
      for (const [at, request] of answered.slice(0, 3).entries())
        expect((answered[at + 1]?.at ?? Infinity) - request.at).toBeGreaterThanOrEqual(pauseMs - 5);
      await eventually(async () => {
        expect((await viewOf(line, destination)).health).toMatchObject({ state: 'healthy', lagEvents: 0 });
        return true;
      });
      expect(await deadLettersOf(line, destination)).toEqual([]);
      expect(new Set((await attemptsOf(line, destination)).map(({ result }) => result))).toEqual(
        new Set(['delivered']),
      );
    },
  );
});
