// Guarantee 1 where the log lets a forwarder down: offsets deleted, records gone before they were read, a record that never came, whoever owns
// the partition by the time it shows. The store fills in what the log does not say.
import { partitionOf } from '@auditlane/contracts';
import { eventually, testPartitions, type ServiceProcess, type Sink } from '@auditlane/testing';
import { untilAllCommitted, untilLive } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { endsOf, moveGroup, withAdmin } from '../support/groups';
import { openReceiver, repeatsAt, untilArrived } from '../support/receivers';
import { untilStored } from '../support/rows';
import { tenants, trafficOf } from '../support/traffic';

// The first two share a partition; what happens to it happens to both.
const crowd = [tenants[0], tenants[1], tenants[2]] as const;

interface Lane {
  readonly tenant: string;
  readonly sink: Sink;
  readonly destination: Destination;
}

describe('a forwarder', () => {
  let lanes: readonly Lane[];
  let line: DeliveryLine;
  let persistence: ServiceProcess;
  let forwarder: ServiceProcess;
  let published = 0;

  beforeAll(async () => {
    const receivers = await Promise.all(crowd.map(async () => openReceiver('http')));
    line = await openDeliveryLine({ receivers });
    ({ persistence } = line);
    lanes = await Promise.all(
      receivers.map(async ({ sink, address }, at) => {
        const tenant = crowd[at] ?? crowd[0];
        return { tenant, sink, destination: await createDestination(line, tenant, address) };
      }),
    );
    forwarder = await line.start('forwarder-http');
    await untilApplied(
      line,
      lanes.map(({ destination }) => destination),
    );
    await publish(20);
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

  const repeats = (): number => lanes.reduce((sum, { tenant, sink }) => sum + repeatsAt(sink, tenant), 0);
  const positionsLost = async (): Promise<number> =>
    (await forwarder.metrics()).value('auditlane_delivery_positions_lost_total') ?? 0;

  it('whose offsets were deleted goes on from what its destinations had, and repeats nothing', async () => {
    await forwarder.stop();
    await withAdmin(async (admin) => admin.deleteGroups([line.names.group('forwarder-http')]));
    await publish(30);
    forwarder = await line.start('forwarder-http');
    await publish(10);
    await untilAllArrived();
    expect(await positionsLost()).toBe(testPartitions);
    expect(repeats()).toBe(0);
  });

  it('whose offsets were moved ahead by hand skips nothing', async () => {
    await forwarder.stop();
    await publish(30);
    await withAdmin(async (admin) => {
      await moveGroup(admin, line, 'forwarder-http', 'stored', await endsOf(admin, line, 'stored'));
    });
    forwarder = await line.start('forwarder-http');
    await untilAllArrived();
    await publish(10);
    await untilAllArrived();
    expect(repeats()).toBe(0);
  });

  it('whose records were deleted from the log before it read them takes them from the store', async () => {
    await forwarder.stop();
    await publish(30);
    await withAdmin(async (admin) => {
      const partitions = (await endsOf(admin, line, 'stored')).map(({ partition, offset }) => ({
        partition,
        offset: String(offset),
      }));
      await admin.deleteTopicRecords({ topic: line.names.topic('stored'), partitions });
    });
    forwarder = await line.start('forwarder-http');
    await publish(10);
    await untilAllArrived();
    expect(repeats()).toBe(0);
  });

  it('that was killed with its position lost as well repeats no more than came since statuses were written', async () => {
    const before = repeats();
    const reported = published;
    await eventually(async () => (await reportedThrough()) === reported);
    await publish(30);
    await untilAllArrived();
    forwarder.kill('SIGKILL');
    await forwarder.exited;
    await withAdmin(async (admin) =>
      eventually(async () => {
        await admin.deleteGroups([line.names.group('forwarder-http')]);
        return true;
      }),
    );
    await publish(10);
    forwarder = await line.start('forwarder-http');
    await publish(10);
    await untilAllArrived();
    expect(repeats() - before).toBeLessThanOrEqual((published - reported) * lanes.length);
  });

  it('to whom one event never came parks at it, and takes it from the store: that one and what follows, in order', async () => {
    const [tenant] = crowd;
    const before = repeats();
    await storeBehindTheLog(tenant);
    published += 1;
    // Everybody else's next event has the same number.
    await line.publish(trafficOf(1, { from: published, of: crowd.filter((other) => other !== tenant) }));
    await untilStored(line, published * crowd.length);
    await publish(10);
    await untilAllArrived();
    expect(repeats()).toBe(before);
  });

  it('whose owners change around an event that never came hears of it from the partition’s next record, whosever that is', async () => {
    const [tenant, neighbour] = crowd;
    const before = repeats();
    await forwarder.stop();
    await storeBehindTheLog(tenant);
    published += 1;
    forwarder = await line.start('forwarder-http');
    await line.publish(trafficOf(1, { from: published, of: [neighbour] }));
    for (const { tenant: to, sink } of lanes.slice(0, 2)) await untilArrived(sink, to, published);
    await untilAllCommitted(line, 'forwarder-http');
    await forwarder.stop();
    // Nothing in the log tells the last owner of what the first one never got.
    forwarder = await line.start('forwarder-http');
    await line.publish(trafficOf(1, { from: published, of: crowd.slice(2) }));
    await untilStored(line, published * crowd.length);
    await publish(10);
    await untilAllArrived();
    expect(repeats()).toBe(before);
  });

  /** Every destination's status, at the least. */
  async function reportedThrough(): Promise<number> {
    const { rows } = await line.db.pool.query<{ through: number }>(
      'select min(delivered_through)::int as through from delivery.status',
    );
    return rows[0]?.through ?? -1;
  }

  /** An event that the store has and `stored` has not, as if Kafka had lost it after acknowledging it. */
  async function storeBehindTheLog(tenant: string): Promise<void> {
    const [event] = trafficOf(1, { from: published + 1, of: [tenant] });
    await persistence.stop();
    await line.publish(event ? [event] : []);
    // Stored by one that dies before it produces; that it was produced is then made up.
    await line.crash('persistence', 'persistence.afterCommit');
    const { rowCount } = await line.db.pool.query(
      'update audit.partition_state set published_offset = next_offset, stored_before = next_offset - 1 where partition = $1',
      [partitionOf(tenant, testPartitions)],
    );
    expect(rowCount).toBe(1);
    persistence = await line.start('persistence');
  }
});
