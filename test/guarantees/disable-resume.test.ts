// What an admin's switch does: off sends nothing and loses nothing, on again goes on where it stopped or with the next event, and delete leaves no trace.
import { eventually, scripts } from '@auditlane/testing';
import { cursorOf, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import {
  changeDestination,
  createDestination,
  removeDestination,
  untilAllSettingsApplied,
  untilApplied,
  viewOf,
  type Destination,
} from '../support/destinations';
import { openReceiver, untilArrivedOnce, type Receiver } from '../support/receivers';
import { tenants, trafficOf, upTo } from '../support/traffic';

// Both live in one partition, and so in one commit: what one skips must not be forgotten with it.
const [tenant, neighbour] = tenants;

describe('a destination that is switched off', () => {
  let receiver: Receiver;
  let other: Receiver;
  let destination: Destination;
  let line: DeliveryLine;
  let published = 0;
  /** What is to be at the receiver. */
  const owed: number[] = [];

  beforeAll(async () => {
    [receiver, other] = await Promise.all([openReceiver('http'), openReceiver('http')]);
    line = await openDeliveryLine({ receivers: [receiver, other] });
    destination = await createDestination(line, tenant, receiver.address);
    const well = await createDestination(line, neighbour, other.address);
    await line.start('forwarder-http');
    await untilApplied(line, [destination, well]);
  });

  afterAll(async () => line.close());

  async function publish(count: number, wanted: boolean): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: [tenant, neighbour] }));
    if (wanted) owed.push(...Array.from({ length: count }, (_, index) => published + 1 + index));
    published += count;
  }

  /** Each once, in order, and nothing else. */
  async function untilOwedArrived(): Promise<void> {
    await eventually(() => {
      expect(receiver.sink.seqs(tenant)).toEqual(owed);
      return true;
    });
  }

  async function change(changes: Readonly<Record<string, unknown>>): Promise<void> {
    await changeDestination(line, destination, changes);
    await untilApplied(line, [destination]);
  }

  /** Everything has passed the forwarder: it has delivered, skipped or written down all there is. */
  async function untilPassed(): Promise<void> {
    await untilArrivedOnce(other.sink, neighbour, published);
    await untilAllCommitted(line, 'forwarder-http');
  }

  it('is sent nothing from then on, and nobody waits for it', async () => {
    await publish(20, true);
    await untilOwedArrived();
    await untilLive(line, destination);
    await change({ enabled: false });
    const requests = receiver.sink.requests.length;
    await publish(15, true);
    await untilPassed();
    await publish(15, true);
    await untilPassed();
    expect(receiver.sink.requests).toHaveLength(requests);
    expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: 21, state: 'disabled' });
    await eventually(async () => (await viewOf(line, destination)).health.state === 'disabled');
  });

  it('switched on, gets what it missed and goes on, each event once', async () => {
    await change({ enabled: true });
    await publish(10, true);
    await untilOwedArrived();
    await untilLive(line, destination);
    await publish(10, true);
    await untilOwedArrived();
    expect(await cursorOf(line, destination)).toBeUndefined();
  });

  it('switched on from now, skips exactly what was stored while it was off', async () => {
    await change({ enabled: false });
    await publish(20, false);
    await untilPassed();
    await changeDestination(line, destination, { enabled: true, resume: 'from_now' });
    expect((await viewOf(line, destination)).startSeq).toBe(published + 1);
    // Stored after Save, and published before the forwarders need to know of it.
    await publish(20, true);
    await untilOwedArrived();
    await untilLive(line, destination);
  });

  it('while events wait in its lane, keeps their place', async () => {
    receiver.sink.always(scripts.answer(503));
    await publish(10, true);
    await eventually(() => receiver.sink.requests.at(-1)?.status === 503);
    await change({ enabled: false });
    receiver.sink.always(scripts.pass);
    const requests = receiver.sink.requests.length;
    await publish(10, true);
    await untilPassed();
    expect(receiver.sink.requests).toHaveLength(requests);
    await change({ enabled: true });
    await untilOwedArrived();
    await untilLive(line, destination);
  });

  it('and off and on again many times, loses nothing and keeps the order', async () => {
    for (let n = 0; n < 6; n++) {
      await changeDestination(line, destination, { enabled: n % 2 === 1 });
      await publish(5, true);
    }
    await untilApplied(line, [destination]);
    await eventually(() => {
      expect([...new Set(receiver.sink.seqs(tenant))]).toEqual(owed);
      return true;
    });
    await untilLive(line, destination);
    await untilPassed();
  });

  it('and deleted, leaves nothing behind that anybody waits for', async () => {
    receiver.sink.always(scripts.answer(401));
    await publish(10, false);
    await untilParked(line, destination);
    await eventually(async () => (await viewOf(line, destination)).health.reason === 'credentials_refused');
    const tables = await tablesOfDestinations();
    expect(tables).toEqual(expect.arrayContaining(['cursor', 'status', 'dead_letter', 'gap']));
    expect(await rowsOf(destination, ['cursor', 'status'])).toBe(2);
    await removeDestination(line, destination);
    expect(await rowsOf(destination, tables)).toBe(0);
    await untilAllSettingsApplied(line);

    receiver.sink.always(scripts.pass);
    const requests = receiver.sink.requests.length;
    await publish(10, false);
    await untilPassed();
    expect(receiver.sink.requests).toHaveLength(requests);
    expect(await rowsOf(destination, tables)).toBe(0);
  });

  it('and set up anew, begins with the next event', async () => {
    const anew = await createDestination(line, tenant, receiver.address);
    expect(anew.id).not.toBe(destination.id);
    const arrived = receiver.sink.seqs(tenant).length;
    await publish(10, false);
    await eventually(() => {
      expect(receiver.sink.seqs(tenant).slice(arrived)).toEqual(upTo(published).slice(-10));
      return true;
    });
  });

  async function tablesOfDestinations(): Promise<readonly string[]> {
    const { rows } = await line.db.pool.query<{ name: string }>(
      `select table_name as name from information_schema.columns where table_schema = 'delivery' and column_name = 'destination_id'`,
    );
    return rows.map(({ name }) => name);
  }

  async function rowsOf({ id }: Destination, tables: readonly string[]): Promise<number> {
    const counts = tables.map((table) => `(select count(*) from delivery.${table} where destination_id = $1)`);
    const { rows } = await line.db.pool.query<{ count: number }>(`select (${counts.join(' + ')})::int as count`, [id]);
    return rows[0]?.count ?? -1;
  }
});
