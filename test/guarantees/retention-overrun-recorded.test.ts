// Guarantee 12 of delivery: where retention passes a cursor, what went is written down to the event and alarms, and delivery goes on behind it.
import { dropDay, inTransaction, knownDays } from '@auditlane/storage';
import { eventually, scripts, type ServiceProcess } from '@auditlane/testing';
import { Pool } from 'pg';
import { cursorOf, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, type Destination } from '../support/destinations';
import { openReceiver, type Receiver } from '../support/receivers';
import { untilStored } from '../support/rows';
import { tenantIn, trafficOf } from '../support/traffic';

interface Overrun {
  readonly what: string;
  /** Of 30 events that the cursor stands before, how many are dropped. */
  readonly dropped: number;
  readonly stops: 'refused' | 'disabled';
}

const overruns: readonly Overrun[] = [
  { what: 'whose beginning was dropped', dropped: 20, stops: 'refused' },
  { what: 'that was dropped whole', dropped: 30, stops: 'refused' },
  { what: 'of a disabled destination, whose beginning was dropped', dropped: 20, stops: 'disabled' },
  { what: 'of a disabled destination, that was dropped whole', dropped: 30, stops: 'disabled' },
];
const delivered = 10;
const backlog = 30;
const alarm = 'events were deleted before they were delivered';

describe('a backlog', () => {
  let receivers: readonly Receiver[];
  let destinations: readonly Destination[];
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  let stored = 0;

  beforeAll(async () => {
    receivers = await Promise.all(overruns.map(async () => openReceiver('http')));
    line = await openDeliveryLine({ receivers });
    destinations = await Promise.all(
      receivers.map(async ({ address }, at) => createDestination(line, tenantIn(at % 3, at), address)),
    );
    forwarder = await line.start('forwarder-http');
    await untilApplied(line, destinations);
  });

  afterAll(async () => line.close());

  async function publish(tenant: string, from: number, count: number): Promise<void> {
    await line.publish(trafficOf(count, { from, of: [tenant] }));
    stored += count;
    await untilStored(line, stored);
  }

  /** The tenant's events up to `seq` grow old, and retention takes their day. */
  async function drop(tenant: string, seq: number): Promise<void> {
    const { pool } = line.db;
    const { rows } = await pool.query<{ day: string }>(`select (audit.database_day() - 33)::text as day`);
    const day = rows[0]?.day ?? '';
    await pool.query('select audit.make_day($1::date)', [day]);
    const aged = await inTransaction(pool, async (client) => {
      // Events cannot be changed; that they were stored long ago has to be made up.
      await client.query('set local session_replication_role = replica');
      const sql = 'update audit.events set stored_day = $2 where tenant_id = $1 and seq <= $3';
      return client.query(sql, [tenant, day, seq]);
    });
    const persistence = new Pool({ connectionString: line.db.url('persistence'), max: 1 });
    await dropDay(persistence, day, new Date());
    await persistence.end();
    expect(await knownDays(pool)).not.toContain(day);
    stored -= aged.rowCount ?? 0;
  }

  async function gapsOf({ id }: Destination): Promise<readonly object[]> {
    const { rows } = await line.db.pool.query<object>(
      'select from_seq::int as from, to_seq::int as to, reason from delivery.gap where destination_id = $1 order by from_seq',
      [id],
    );
    return rows;
  }

  const missing = async (): Promise<number> =>
    (await forwarder.metrics()).value('auditlane_delivery_events_total', { result: 'gap' }) ?? 0;
  const alarms = (): readonly object[] =>
    forwarder
      .logs()
      .split('\n')
      .filter((entry) => entry.includes(alarm))
      .map((entry): object => JSON.parse(entry));

  it.each(overruns.map((overrun, at) => ({ ...overrun, at })))(
    '$what leaves a record of exactly what went, and delivery goes on behind it',
    async ({ at, dropped, stops }) => {
      const [destination, receiver] = [destinations[at], receivers[at]];
      if (!destination || !receiver) throw new Error('not set up');
      const { tenant } = destination;
      const { sink } = receiver;
      const lost = { from: delivered + 1, to: delivered + dropped, reason: 'retention' };
      await publish(tenant, 1, delivered);
      await eventually(() => sink.seqs(tenant).length === delivered);
      await untilLive(line, destination);
      const before = { missing: await missing(), alarms: alarms().length };

      if (stops === 'disabled') {
        await changeDestination(line, destination, { enabled: false });
        await untilApplied(line, [destination]);
      } else sink.always(scripts.answer(401));
      await publish(tenant, delivered + 1, backlog);
      expect(await untilParked(line, destination)).toMatchObject({ nextSeq: delivered + 1 });
      await untilAllCommitted(line, 'forwarder-http');
      await drop(tenant, delivered + dropped);

      if (stops === 'disabled') {
        // Nobody is waiting for these: that they went alarms nobody, until somebody does.
        await publish(tenant, delivered + backlog + 1, 10);
        await untilAllCommitted(line, 'forwarder-http');
        expect(await gapsOf(destination)).toEqual([]);
        expect({ missing: await missing(), alarms: alarms().length }).toEqual(before);
        expect(await cursorOf(line, destination)).toMatchObject({ nextSeq: delivered + 1, state: 'disabled' });
        await changeDestination(line, destination, { enabled: true });
      } else {
        sink.always(scripts.pass);
        await publish(tenant, delivered + backlog + 1, 10);
      }

      const rest = Array.from({ length: backlog - dropped + 10 }, (_, n) => delivered + dropped + 1 + n);
      await eventually(() => {
        expect(sink.seqs(tenant).slice(delivered)).toEqual(rest);
        return true;
      });
      await untilLive(line, destination);
      expect(await gapsOf(destination)).toEqual([lost]);
      expect(await missing()).toBe(before.missing + dropped);
      expect(alarms().slice(before.alarms)).toEqual([
        expect.objectContaining({ destination: destination.id, fromSeq: lost.from, toSeq: lost.to, level: 'error' }),
      ]);

      await publish(tenant, delivered + backlog + 11, 5);
      await eventually(() => sink.seqs(tenant).length === delivered + rest.length + 5);
      expect(await gapsOf(destination)).toEqual([lost]);
    },
  );
});
