// Guarantee 1 behind the store: wherever a forwarder is killed, every event reaches its receiver in order, and little comes twice.
import { scripts, type ServiceProcess, type Sink } from '@auditlane/testing';
import { settledThrough, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, type Destination } from '../support/destinations';
import { openReceiver, untilArrived } from '../support/receivers';
import { untilStored } from '../support/rows';
import { tenants, trafficOf } from '../support/traffic';

interface Death {
  readonly when: string;
  readonly point: string;
  /** What the forwarder finds when it starts: events to pass on live, a receiver that fails, or a cursor to go on from. */
  readonly finds: 'events' | 'a failing receiver' | 'a backlog';
}

const deaths: readonly Death[] = [
  { when: "after the receiver's 200, live", point: 'delivery.afterSend:2', finds: 'events' },
  { when: "after the receiver's 200, catching up", point: 'delivery.afterSend:3', finds: 'a backlog' },
  {
    when: 'before the cursor of a failing destination is written',
    point: 'delivery.beforeCursorWrite',
    finds: 'a failing receiver',
  },
  {
    when: 'after the cursor of a failing destination was written',
    point: 'delivery.afterCursorWrite',
    finds: 'a failing receiver',
  },
  { when: 'before the cursor moves on while catching up', point: 'delivery.beforeCursorWrite:3', finds: 'a backlog' },
  { when: 'after the cursor has moved on while catching up', point: 'delivery.afterCursorWrite:3', finds: 'a backlog' },
];

/** What one request to an HTTPS collector holds at most. */
const batch = 200;
/** Two answers came before it died; a drain writes its cursor after each; and what was refused was not taken. */
const repeatsAtMost = { events: 2 * batch, 'a backlog': batch, 'a failing receiver': 0 } as const;
const crowd = [tenants[0], tenants[2]] as const;

interface Lane {
  readonly tenant: string;
  readonly sink: Sink;
  readonly destination: Destination;
}

describe('a forwarder that is killed', () => {
  let lanes: readonly Lane[];
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  let published = 0;

  beforeAll(async () => {
    const receivers = await Promise.all(crowd.map(async () => openReceiver('http')));
    line = await openDeliveryLine({ receivers, environment: { AUDITLANE_DELIVERY_COMMIT_INTERVAL_MS: '20' } });
    lanes = await Promise.all(
      receivers.map(async ({ sink, address }, at) => {
        const tenant = crowd[at] ?? crowd[0];
        return { tenant, sink, destination: await createDestination(line, tenant, address) };
      }),
    );
    // A position in the log, so that the next start goes on from Kafka and not from the store.
    forwarder = await line.start('forwarder-http');
    await publish(1);
    await untilAllArrived();
  });

  afterAll(async () => line.close());

  async function publish(count: number): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: crowd }));
    published += count;
    await untilStored(line, published * crowd.length);
  }

  async function untilAllArrived(): Promise<void> {
    for (const { tenant, sink } of lanes) await untilArrived(sink, tenant, published);
    for (const { destination } of lanes) await untilLive(line, destination);
    await untilAllCommitted(line, 'forwarder-http');
  }

  async function park(): Promise<void> {
    for (const { sink } of lanes) sink.always(scripts.answer(401));
    await publish(10);
    for (const { destination } of lanes) await untilParked(line, destination);
    await untilAllCommitted(line, 'forwarder-http');
  }

  it.each(deaths)(
    '$when loses nothing, keeps the order, and repeats only what was not settled',
    async ({ point, finds }) => {
      if (!forwarder.isRunning()) forwarder = await line.start('forwarder-http');
      if (finds === 'a backlog') await park();
      await forwarder.stop();
      await publish(450);
      for (const { sink } of lanes) sink.always(finds === 'a failing receiver' ? scripts.answer(503) : scripts.pass);
      const before = lanes.map(({ tenant, sink }) => sink.seqs(tenant).length);
      await line.crash('forwarder-http', point);
      const atDeath = await Promise.all(
        lanes.map(async ({ tenant, destination }) => settledThrough(line, 'forwarder-http', tenant, destination)),
      );

      for (const { sink } of lanes) sink.always(scripts.pass);
      forwarder = await line.start('forwarder-http');
      await publish(10);
      await untilAllArrived();
      for (const [at, { tenant, sink }] of lanes.entries()) {
        const again = repeatedAmong(sink.seqs(tenant).slice(before[at]));
        expect(again.filter((seq) => seq <= (atDeath[at] ?? 0))).toEqual([]);
        expect(again.length).toBeLessThanOrEqual(repeatsAtMost[finds]);
      }
    },
  );
});

function repeatedAmong(seqs: readonly number[]): readonly number[] {
  const seen = new Set<number>();
  return seqs.filter((seq) => seen.has(seq) || !seen.add(seq));
}
