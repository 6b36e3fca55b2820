// Guarantee 5 against receivers that never end a request: while one holds its first, wave after wave reaches all others, in bounded memory and
// with one connection.
import { createServer, type Server, type Socket } from 'node:net';
import { scripts, type Script, type ServiceProcess, type Sink } from '@auditlane/testing';
import { cursorOf, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, removeDestination, untilApplied, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, untilArrived, untilArrivedOnce, type Receiver } from '../support/receivers';
import { tenants, trafficOf, upTo } from '../support/traffic';

const [unlucky, neighbour, stranger] = tenants;
const crowd = [unlucky, neighbour, stranger];
const waves = 5;
const wave = 40;
/** Two waves of one tenant fill a lane; five of all of them would fill the process. */
const laneBytes = 256 * 1024;
const lanesBytes = 2 * laneBytes;

const faults: readonly { readonly what: string; readonly script: Script }[] = [
  { what: 'takes a request and never answers', script: scripts.hang() },
  { what: 'answers a byte at a time, without end', script: scripts.drip(50) },
];

describe('a receiver', () => {
  let hung: Receiver;
  let toHung: Destination;
  let archive: Receiver;
  let others: readonly { readonly tenant: string; readonly sink: Sink }[];
  let mute: Mute;
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  let published = 0;

  beforeAll(async () => {
    const [first, second, third, fourth] = await Promise.all([
      openReceiver('http'),
      openReceiver('http'),
      openReceiver('http'),
      openReceiver('http'),
    ]);
    hung = first;
    archive = second;
    mute = await openMute();
    line = await openDeliveryLine({
      receivers: [first, second, third, fourth],
      reachable: [mute.url],
      environment: {
        AUDITLANE_DELIVERY_LANE_BYTES: String(laneBytes),
        AUDITLANE_DELIVERY_LANES_BYTES: String(lanesBytes),
        AUDITLANE_EGRESS_CONNECT_TIMEOUT_MS: '300',
      },
    });
    toHung = await createDestination(line, unlucky, hung.address);
    // The same tenant's second receiver, one in the same partition, one elsewhere.
    const well = [
      await createDestination(line, unlucky, archive.address, { name: 'Archive' }),
      await createDestination(line, neighbour, third.address),
      await createDestination(line, stranger, fourth.address),
    ];
    others = [
      { tenant: unlucky, sink: archive.sink },
      { tenant: neighbour, sink: third.sink },
      { tenant: stranger, sink: fourth.sink },
    ];
    forwarder = await line.start('forwarder-http');
    await untilApplied(line, [toHung, ...well]);
  });

  afterAll(async () => {
    await line.close();
    await mute.close();
  });

  async function publish(): Promise<void> {
    const events = trafficOf(wave, { from: published + 1, of: crowd });
    await line.publish(events.map((event) => ({ ...event, details: `${event.details} ${'x'.repeat(2_000)}` })));
    published += wave;
  }

  /** Each wave is published when the one before it has arrived everywhere else; the hung one holds its request all the while. */
  async function wavesReachAllOthers(): Promise<void> {
    for (let n = 0; n < waves; n++) {
      await publish();
      for (const { tenant, sink } of others) await untilArrivedOnce(sink, tenant, published);
      const held = (await forwarder.metrics()).value('auditlane_delivery_lane_bytes') ?? Infinity;
      expect(held).toBeLessThanOrEqual(lanesBytes);
    }
    await untilAllCommitted(line, 'forwarder-http');
  }

  it.each(faults)('that $what delays nobody else while it holds its first request', async ({ script }) => {
    const { sink } = hung;
    await publish();
    await untilArrived(sink, unlucky, published);
    await untilLive(line, toHung);
    const delivered = published;
    const [requests, connections] = [sink.requests.length, sink.connections];

    sink.always(script);
    await wavesReachAllOthers();
    expect(sink.requests.length - requests).toBe(1);
    expect(sink.connections - connections).toBeLessThanOrEqual(1);
    expect(await untilParked(line, toHung)).toMatchObject({ nextSeq: delivered + 1, state: 'parked' });
    expect(firstArrivals(sink, unlucky)).toEqual(upTo(delivered));

    sink.always(scripts.pass);
    sink.closeConnections();
    await untilArrived(sink, unlucky, published);
    await untilLive(line, toHung);
  });

  it('that lets connect and never says a word delays nobody else, however often it is tried, one connection at a time', async () => {
    const address = { ...hung.address, url: mute.url };
    const toMute = await createDestination(line, unlucky, address, { name: 'Black hole' });
    await untilApplied(line, [toMute]);
    const start = published + 1;
    do await wavesReachAllOthers();
    while (mute.connections < 3);
    expect(mute.mostAtOnce).toBe(1);
    expect(await cursorOf(line, toMute)).toMatchObject({ nextSeq: start, state: 'parked' });
    await removeDestination(line, toMute);
    await untilArrived(hung.sink, unlucky, published);
  });
});

interface Mute {
  readonly url: string;
  /** So far, and the most that were open at the same time. */
  readonly connections: number;
  readonly mostAtOnce: number;
  close(): Promise<void>;
}

/** Accepts connections and leaves the TLS handshake unanswered. */
async function openMute(): Promise<Mute> {
  const open = new Set<Socket>();
  let connections = 0;
  let mostAtOnce = 0;
  const server: Server = createServer((socket) => {
    connections++;
    open.add(socket);
    mostAtOnce = Math.max(mostAtOnce, open.size);
    socket.on('error', () => undefined).on('close', () => open.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `https://127.0.0.1:${port}`,
    get connections() {
      return connections;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    async close() {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
