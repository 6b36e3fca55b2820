// Guarantee 1 behind the store: a forwarder is killed at each step of its work in turn, each successor beginning where the last one died, and
// every event reaches its receiver in order, little of it twice.
import { scripts, type Sink } from '@auditlane/testing';
import { cursorOf, settledThrough, untilAllCommitted, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, type Destination } from '../support/destinations';
import { firstArrivals, openReceiver, untilArrived } from '../support/receivers';
import { during, tenants, trafficOf, upTo } from '../support/traffic';

interface Death {
  readonly when: string;
  readonly point: string;
  /** Whose events keep coming meanwhile. One lane alone passes each step as often as the table says. */
  readonly traffic: readonly string[];
  readonly refused?: boolean;
}

// Both live in one partition, and so in one commit: one of them fails and catches up, the other is live throughout.
const [troubled, neighbour] = tenants;
const both = [troubled, neighbour];
/** What one request to an HTTPS collector holds at most. */
const batch = 200;
/** Five probes of 10 and two full pages are done by the time the lane turns live; the rest fits the page that turns it. */
const backlog = 5 * 10 + 2 * batch + 50;

// After a start the first request of a drain is a probe: the second of each is a full page.
const deaths: readonly Death[] = [
  { when: 'when a page of the backlog was sent', point: 'delivery.afterSend:2', traffic: [] },
  { when: 'before the cursor moves over it', point: 'delivery.beforeCursorWrite:2', traffic: [neighbour] },
  { when: 'when the cursor has moved over it', point: 'delivery.afterCursorWrite:2', traffic: [neighbour] },
  { when: 'with another page in hand', point: 'delivery.afterPageRead:2', traffic: [neighbour] },
  { when: 'with the page in hand that turns it live', point: 'delivery.afterPageRead:3', traffic: both },
  { when: 'turned live, before the cursor goes', point: 'delivery.beforeCursorDelete', traffic: both },
  { when: 'turned live, when the cursor is gone', point: 'delivery.afterCursorDelete', traffic: both },
  { when: "live, after the receiver's 200", point: 'delivery.afterSend:2', traffic: both },
  { when: 'live, before what was delivered is committed', point: 'delivery.beforeCommit', traffic: both },
  { when: 'live, when it was committed', point: 'delivery.afterCommit', traffic: both },
  { when: 'parking, before the cursor', point: 'delivery.beforeCursorWrite', traffic: both, refused: true },
  { when: 'parking, when the cursor is written', point: 'delivery.afterCursorWrite', traffic: both, refused: true },
];

interface Lane {
  readonly tenant: string;
  readonly sink: Sink;
  readonly destination: Destination;
}

describe('a forwarder that is killed', () => {
  const published = new Map<string, number>();
  /** By tenant, as the last death left it: what a cursor or a commit had settled, and how many arrivals there were. */
  const left = new Map<string, { readonly settled: number; readonly arrivals: number }>();
  let lanes: readonly Lane[];
  let line: DeliveryLine;

  beforeAll(async () => {
    const receivers = await Promise.all(both.map(async () => openReceiver('http')));
    line = await openDeliveryLine({ receivers });
    lanes = await Promise.all(
      receivers.map(async ({ sink, address }, at) => {
        const tenant = both[at] ?? troubled;
        return { tenant, sink, destination: await createDestination(line, tenant, address) };
      }),
    );
    const forwarder = await line.start('forwarder-http');
    await publish(both, 10);
    await untilAllArrived();
    of(troubled).sink.always(scripts.answer(401));
    await publish(both, backlog);
    await untilParked(line, of(troubled).destination);
    await untilArrived(of(neighbour).sink, neighbour, 10 + backlog);
    await untilAllCommitted(line, 'forwarder-http');
    await forwarder.stop();
    await note();
  });

  afterAll(async () => line.close());

  const of = (tenant: string): Lane => {
    const found = lanes.find((lane) => lane.tenant === tenant);
    if (!found) throw new Error(`no lane of ${tenant}`);
    return found;
  };
  const publishedOf = (tenant: string): number => published.get(tenant) ?? 0;

  async function publish(crowd: readonly string[], count: number): Promise<void> {
    if (crowd.length === 0) return;
    await line.publish(crowd.flatMap((tenant) => trafficOf(count, { from: publishedOf(tenant) + 1, of: [tenant] })));
    for (const tenant of crowd) published.set(tenant, publishedOf(tenant) + count);
  }

  async function untilAllArrived(): Promise<void> {
    for (const { tenant, sink } of lanes) await untilArrived(sink, tenant, publishedOf(tenant));
    for (const { destination } of lanes) await untilLive(line, destination);
    await untilAllCommitted(line, 'forwarder-http');
  }

  async function note(): Promise<void> {
    for (const { tenant, sink, destination } of lanes) {
      const settled = await settledThrough(line, 'forwarder-http', tenant, destination);
      left.set(tenant, { settled, arrivals: sink.seqs(tenant).length });
    }
  }

  it.each(deaths)(
    '$when has lost nothing that it calls settled, and repeats nothing of it',
    async ({ point, traffic, refused }) => {
      of(troubled).sink.always(refused ? scripts.answer(401) : scripts.pass);
      // A short session: its partitions are free again soon.
      const death = line.crash('forwarder-http', point, { AUDITLANE_SESSION_TIMEOUT_MS: '1000' });
      const came = await during(death, async () => publish(traffic, 1));
      const before = new Map(left);
      await note();
      for (const { tenant, sink } of lanes) {
        const arrived = firstArrivals(sink, tenant);
        expect(arrived).toEqual(upTo(arrived.length));
        expect(left.get(tenant)?.settled).toBeLessThanOrEqual(arrived.length);
        const { settled = 0, arrivals = 0 } = before.get(tenant) ?? {};
        const again = repeated(sink.seqs(tenant), arrivals);
        expect(again.filter((seq) => seq <= settled)).toEqual([]);
        expect(again.length).toBeLessThanOrEqual(batch + came);
      }
    },
  );

  it('at any of these steps leaves everything to the one that is not killed', async () => {
    of(troubled).sink.always(scripts.pass);
    await line.start('forwarder-http');
    await publish(both, 10);
    await untilAllArrived();
    for (const { destination } of lanes) expect(await cursorOf(line, destination)).toBeUndefined();
  });
});

/** Of the arrivals from `from` on, those that were there before. */
function repeated(seqs: readonly number[], from: number): readonly number[] {
  const seen = new Set(seqs.slice(0, from));
  return seqs.slice(from).filter((seq) => seen.has(seq) || !seen.add(seq));
}
