// Guarantee 4 at a receiver: of 500 events it refuses one; 499 arrive once and in order, and the one is a dead letter with the receiver's words.
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { cursorOf, untilLive } from '../support/cursors';
import { untilDeadLetters } from '../support/dead-letters';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, repeatsAt, type Receiver } from '../support/receivers';
import { idOf, trafficOf, upTo } from '../support/traffic';
import { eventually } from '@auditlane/testing';

const tenant = 'acme';
const bad = 250;
const others = upTo(500).filter((seq) => seq !== bad);

const said: Readonly<
  Record<DestinationType, { readonly reason: string; readonly code: string; readonly words: RegExp }>
> = {
  splunk: { reason: 'receiver_refused_format', code: 'hec_6', words: /Invalid data format/ },
  http: { reason: 'receiver_refused_event', code: 'http_422', words: /an event was refused/ },
  elasticsearch: {
    reason: 'receiver_refused_mapping',
    code: 'bulk_400_document_parsing_exception',
    words: /scripted 400/,
  },
};

describe('500 events, of which a receiver refuses one', () => {
  const tried = new Map<DestinationType, { readonly receiver: Receiver; readonly destination: Destination }>();
  let line: DeliveryLine;

  beforeAll(async () => {
    const receivers = await Promise.all(destinationTypes.map(async (type) => openReceiver(type)));
    line = await openDeliveryLine({ receivers });
    for (const receiver of receivers) {
      receiver.sink.refuse(({ seq }) => seq === bad);
      const destination = await createDestination(line, tenant, receiver.address);
      tried.set(receiver.address.type, { receiver, destination });
    }
    await Promise.all(destinationTypes.map(async (type) => line.start(`forwarder-${type}`)));
    await untilApplied(
      line,
      [...tried.values()].map(({ destination }) => destination),
    );
    await line.publish(trafficOf(500, { of: [tenant] }));
  });

  afterAll(async () => line.close());

  it.each(destinationTypes)('%s: 499 are there once, in order, and one is a dead letter', async (type) => {
    const found = tried.get(type);
    if (!found) throw new Error(`no destination of the type ${type}`);
    const { receiver, destination } = found;
    const [letter] = await untilDeadLetters(line, destination, [bad]);
    expect(letter).toMatchObject({
      eventId: idOf(bad),
      reason: said[type].reason,
      code: said[type].code,
      words: expect.stringMatching(said[type].words),
    });
    await eventually(() => firstArrivals(receiver.sink, tenant).length === others.length, { timeoutMs: 30_000 });
    expect(firstArrivals(receiver.sink, tenant)).toEqual(others);
    expect(repeatsAt(receiver.sink, tenant)).toBe(0);
    await untilLive(line, destination);
    expect(await cursorOf(line, destination)).toBeUndefined();
    await eventually(async () => {
      expect((await viewOf(line, destination)).health).toMatchObject({ state: 'healthy', lagEvents: 0 });
      return true;
    });
  });
});
