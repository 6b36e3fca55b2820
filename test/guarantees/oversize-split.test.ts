// A request that a receiver finds too large is halved until it fits; only an event that is too large alone becomes a dead letter.
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { registry, type DeliverableEvent, type Destination, type Verdict } from '@auditlane/destinations';
import { Egress, parseAllowList } from '@auditlane/egress';
import { eventually, makeEvent, scripts } from '@auditlane/testing';
import { untilLive } from '../support/cursors';
import { untilDeadLetters } from '../support/dead-letters';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination as Saved } from '../support/destinations';
import { eventsOfEveryAction } from '../support/every-action';
import { firstArrivals, openReceiver, repeatsAt, type Receiver } from '../support/receivers';
import { idOf, upTo } from '../support/traffic';

const tenant = 'acme';
const maxBytes = 60_000;
const count = 40;
const tooLarge = 17;
const others = upTo(count).filter((seq) => seq !== tooLarge);

/** 8 KB each, one of them 80. */
const events = upTo(count).map((number) => {
  const parts = number === tooLarge ? 10 : 1;
  const parameters = Object.fromEntries(upTo(parts).map((part) => [`part${part}`, 'x'.repeat(8_000)]));
  return makeEvent({ tenantId: tenant, id: idOf(number), parameters });
});

describe('a receiver with a limit on the size of a request', () => {
  const tried = new Map<DestinationType, { readonly receiver: Receiver; readonly destination: Saved }>();
  let line: DeliveryLine;

  beforeAll(async () => {
    const limited = { hec: { maxBytes }, http: { maxBytes }, bulk: { maxBytes } };
    const receivers = await Promise.all(destinationTypes.map(async (type) => openReceiver(type, limited)));
    line = await openDeliveryLine({ receivers });
    // While the first request is in flight, the others queue and become one batch.
    for (const receiver of receivers) receiver.sink.next(scripts.delay(300));
    for (const receiver of receivers)
      tried.set(receiver.address.type, {
        receiver,
        destination: await createDestination(line, tenant, receiver.address),
      });
    await Promise.all(destinationTypes.map(async (type) => line.start(`forwarder-${type}`)));
    await untilApplied(
      line,
      [...tried.values()].map(({ destination }) => destination),
    );
    await line.publish(events);
  });

  afterAll(async () => line.close());

  it.each(destinationTypes)(
    '%s, 413: all that fit arrive once and in order, one that fits nowhere is set aside',
    async (type) => {
      const found = tried.get(type);
      if (!found) throw new Error(`no destination of the type ${type}`);
      const { receiver, destination } = found;
      const [letter] = await untilDeadLetters(line, destination, [tooLarge]);
      expect(letter).toMatchObject({ reason: 'receiver_refused_size', code: 'http_413' });
      await eventually(() => firstArrivals(receiver.sink, tenant).length === others.length, { timeoutMs: 20_000 });
      expect(firstArrivals(receiver.sink, tenant)).toEqual(others);
      expect(repeatsAt(receiver.sink, tenant)).toBe(0);
      await untilLive(line, destination);
      const refused = receiver.sink.requests.filter(({ status }) => status === 413);
      expect(refused.some(({ body }) => body.length > 2 * maxBytes)).toBe(true);
    },
  );
});

// Splunk Cloud says it with code 6 at object 0 and a body over 5,242,880 bytes. No request of ours grows so large, so the rule is shown on one
// that was made for it: a wrong reading would make a dead letter of the first event, and of the next, and so on.
describe('Splunk Cloud, that calls the first object malformed where the body is too large', () => {
  const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
  let cloud: Receiver;
  let egress: Egress;
  let destination: Destination;

  beforeAll(async () => {
    cloud = await openReceiver('splunk', { hec: { cloud: true } });
    egress = new Egress(parseAllowList([new URL(cloud.address.url).host]));
    const { url, token } = cloud.address;
    const opened = registry.splunk.open({ id, url, options: {}, token });
    if (!opened.ok) throw new Error(JSON.stringify(opened.faults));
    ({ destination } = opened);
  });

  afterAll(async () => {
    await egress.destroy();
    await cloud.sink.close();
  });

  async function send(events: readonly DeliverableEvent[]): Promise<readonly Verdict[]> {
    const target = { destinationId: id, configVersion: 1, caPem: cloud.address.caPem };
    const result = await egress.request(target, destination.encode(events));
    if (result.kind === 'failure') throw new Error(result.words);
    return destination.judge(result.response, events);
  }

  it('is sent halves of it, and takes each event once', async () => {
    const padding = Buffer.from(`,"x":"${'x'.repeat(70_000)}"}`);
    const large = eventsOfEveryAction(tenant).map((event) => ({
      ...event,
      canonical: Buffer.concat([event.canonical.subarray(0, -1), padding]),
    }));
    expect(new Set((await send(large)).map(({ kind }) => kind))).toEqual(new Set(['split']));
    expect(cloud.sink.requests.at(-1)).toMatchObject({ status: 400, taken: [] });
    const middle = large.length >> 1;
    for (const half of [large.slice(0, middle), large.slice(middle)])
      expect(new Set((await send(half)).map(({ kind }) => kind))).toEqual(new Set(['delivered']));
    expect(cloud.sink.seqs(tenant)).toEqual(upTo(large.length));
  });

  it('is sent no body of that size by a forwarder in the first place', () => {
    expect(registry.splunk.limits.bytes).toBeLessThan(5_242_880);
  });
});
