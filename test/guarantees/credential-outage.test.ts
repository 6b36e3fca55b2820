// Guarantee 1 at its most common enemy: credentials that are refused for a while, and put right later, cost no event and no order.
import { destinationTypes } from '@auditlane/contracts';
import { eventually, scripts } from '@auditlane/testing';
import {
  cursorOf,
  cursorWrites,
  recordCursorWrites,
  untilAllCommitted,
  untilLive,
  untilParked,
} from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, untilArrivedOnce, type Receiver } from '../support/receivers';
import { trafficOf, upTo } from '../support/traffic';

const tenant = 'acme';

describe('credentials that a receiver refuses', () => {
  const tried = new Map<string, { readonly receiver: Receiver; readonly destination: Destination }>();
  let line: DeliveryLine;
  let published = 0;

  beforeAll(async () => {
    const receivers = await Promise.all(destinationTypes.map(async (type) => openReceiver(type)));
    line = await openDeliveryLine({ receivers, environment: { AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '200' } });
    await recordCursorWrites(line);
    for (const receiver of receivers) {
      const destination = await createDestination(line, tenant, receiver.address);
      tried.set(receiver.address.type, { receiver, destination });
    }
    await Promise.all(destinationTypes.map(async (type) => line.start(`forwarder-${type}`)));
    await untilApplied(
      line,
      [...tried.values()].map(({ destination }) => destination),
    );
  });

  afterAll(async () => line.close());

  async function publish(count: number): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: [tenant] }));
    published += count;
  }

  const of = (type: string): { receiver: Receiver; destination: Destination } => {
    const found = tried.get(type);
    if (!found) throw new Error(`no destination of the type ${type}`);
    return found;
  };

  describe.each(destinationTypes)('at a destination of the type %s', (type) => {
    it('park it at the first event that was refused, say so, and hold up no commit', async () => {
      const { receiver, destination } = of(type);
      await publish(20);
      await untilArrivedOnce(receiver.sink, tenant, published);
      await untilLive(line, destination);
      const delivered = published;

      receiver.sink.setToken('canary-token-after-rotation-0002');
      await publish(30);
      expect(await untilParked(line, destination)).toEqual({
        nextSeq: delivered + 1,
        state: 'parked',
        reason: 'credentials_refused',
      });
      await publish(30);
      await untilAllCommitted(line, `forwarder-${type}`);
      expect(firstArrivals(receiver.sink, tenant)).toEqual(upTo(delivered));
      expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: delivered + 1 });
      await eventually(async () => {
        const { health } = await viewOf(line, destination);
        expect(health).toEqual({ state: 'failing', reason: 'credentials_refused', lagEvents: 60 });
        return true;
      });
    });

    it('once the new token is saved, get everything that was missed, in order and once', async () => {
      const { receiver, destination } = of(type);
      await changeDestination(line, destination, { token: 'canary-token-after-rotation-0002' });
      await untilApplied(line, [destination]);
      const requests = receiver.sink.requests.length;
      await publish(10);
      await untilArrivedOnce(receiver.sink, tenant, published);
      await untilLive(line, destination);
      const later = receiver.sink.requests.slice(requests).map(({ token }) => token);
      expect(new Set(later)).toEqual(new Set(['canary-token-after-rotation-0002']));
      await eventually(async () => (await viewOf(line, destination)).health.state === 'healthy');
    });
  });

  // Park-class answers are asked again with the back-off of any failure; its cap here is what makes an hour of it short.
  it.each([
    [401, 'credentials_refused'],
    [403, 'permission_refused'],
  ])(
    'answered %i for an hour, cost one write for the whole outage, and get everything once they are accepted again',
    async (status, reason) => {
      const { receiver, destination } = of('http');
      const { sink } = receiver;
      await untilArrivedOnce(sink, tenant, published);
      await untilLive(line, destination);
      const delivered = published;
      const written = (await cursorWrites(line, destination)).length;
      const before = sink.requests.length;
      sink.always(scripts.answer(status));
      for (let wave = 1; wave <= 5; wave++) {
        await publish(10);
        await eventually(() => sink.requests.length >= before + 4 * wave);
      }
      await untilAllCommitted(line, 'forwarder-http');
      expect((await cursorWrites(line, destination)).slice(written)).toEqual([
        { destination: destination.id, operation: 'INSERT', nextSeq: delivered + 1, reason },
      ]);
      expect(await exitsOf(destination)).toBe(0);

      sink.always(scripts.pass);
      await untilArrivedOnce(sink, tenant, published);
      await untilLive(line, destination);
      expect(firstArrivals(sink, tenant)).toEqual(upTo(published));
    },
  );

  /** What is given up on leaves a row: dead letters and gaps. */
  async function exitsOf({ id }: Destination): Promise<number> {
    const { rows } = await line.db.pool.query<{ count: number }>(
      `select (select count(*) from delivery.dead_letter where destination_id = $1)::int
         + (select count(*) from delivery.gap where destination_id = $1)::int as count`,
      [id],
    );
    return rows[0]?.count ?? -1;
  }
});
