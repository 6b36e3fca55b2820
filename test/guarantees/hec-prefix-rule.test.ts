// Splunk's prefix rule: a code with invalid-event-number N means that objects before N are indexed, N and all behind it are not. So what stood
// before is not sent again, N is set aside, and the rest follows.
import { scripts } from '@auditlane/testing';
import { untilLive } from '../support/cursors';
import { untilDeadLetters } from '../support/dead-letters';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, repeatsAt, type Receiver } from '../support/receivers';
import { trafficOf, upTo } from '../support/traffic';
import { eventually } from '@auditlane/testing';

const codes = [6, 12, 13, 15] as const;
const count = 30;
/** The first of a batch, two behind each other, one in the middle, the one before the last. */
const bad = [2, 11, 12, 20, 29];
const good = upTo(count).filter((seq) => !bad.includes(seq));
const reasons = {
  6: 'receiver_refused_format',
  12: 'receiver_refused_event',
  13: 'receiver_refused_event',
  15: 'receiver_refused_fields',
} as const;

describe('a batch in which Splunk refuses some objects', () => {
  const tried = new Map<number, { readonly receiver: Receiver; readonly destination: Destination }>();
  let line: DeliveryLine;
  const tenantOf = (code: number): string => `code-${code}`;

  beforeAll(async () => {
    const receivers = await Promise.all(
      codes.map(async (code) => ({ code, receiver: await openReceiver('splunk', { hec: { refusalCode: code } }) })),
    );
    line = await openDeliveryLine({ receivers: receivers.map(({ receiver }) => receiver) });
    for (const { code, receiver } of receivers) {
      receiver.sink.refuse(({ seq }) => bad.includes(seq));
      // While the first request is in flight, the others queue and become one batch.
      receiver.sink.next(scripts.delay(300));
      tried.set(code, { receiver, destination: await createDestination(line, tenantOf(code), receiver.address) });
    }
    await line.start('forwarder-splunk');
    await untilApplied(
      line,
      [...tried.values()].map(({ destination }) => destination),
    );
    await line.publish(trafficOf(count, { of: codes.map(tenantOf) }));
  });

  afterAll(async () => line.close());

  it.each(codes)(
    'code %i: the prefix is not repeated, the tail is not lost, each refused one is a dead letter',
    async (code) => {
      const found = tried.get(code);
      if (!found) throw new Error(`no destination for code ${code}`);
      const { receiver, destination } = found;
      const tenant = tenantOf(code);
      const letters = await untilDeadLetters(line, destination, bad);
      expect(new Set(letters.map(({ reason, code: said }) => `${reason} ${said}`))).toEqual(
        new Set([`${reasons[code]} hec_${code}`]),
      );
      await eventually(() => firstArrivals(receiver.sink, tenant).length === good.length, { timeoutMs: 20_000 });
      expect(firstArrivals(receiver.sink, tenant)).toEqual(good);
      expect(repeatsAt(receiver.sink, tenant)).toBe(0);
      await untilLive(line, destination);

      // As it went over the wire: each refusal took in exactly what stood before the object that it names.
      const refusals = receiver.sink.requests.filter(({ status }) => status === 400);
      expect(refusals.length).toBeGreaterThan(0);
      for (const { events, taken } of refusals) expect(events.slice(0, taken.length)).toEqual(taken);
      expect(refusals.some(({ taken }) => taken.length > 0)).toBe(true);
    },
  );
});
