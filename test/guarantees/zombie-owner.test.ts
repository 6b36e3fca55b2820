// Guarantee 1 against the undead: a forwarder that was paused past its session wakes up beside its successor, and changes nothing.
import { eventually, scripts, testPartitions, type ServiceProcess } from '@auditlane/testing';
import {
  cursorOf,
  cursorWrites,
  recordCursorWrites,
  untilAllCommitted,
  untilLive,
  untilParked,
} from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination, untilApplied, type Destination } from '../support/destinations';
import { openReceiver, repeatsAt, untilArrived, untilArrivedOnce, type Receiver } from '../support/receivers';
import { tenants, trafficOf } from '../support/traffic';

// Both live in one partition: what is refused there is refused for both.
const [answered, rejected] = tenants;

describe('a forwarder that is paused past its session time-out', () => {
  let line: DeliveryLine;
  let slow: Receiver;
  let refusing: Receiver;
  let toSlow: Destination;
  let toRefusing: Destination;
  let zombie: ServiceProcess;
  let successor: ServiceProcess;

  beforeAll(async () => {
    [slow, refusing] = await Promise.all([openReceiver('http'), openReceiver('http')]);
    line = await openDeliveryLine({ receivers: [slow, refusing] });
    toSlow = await createDestination(line, answered, slow.address);
    toRefusing = await createDestination(line, rejected, refusing.address);
    zombie = await line.start('forwarder-http');
    await untilApplied(line, [toSlow, toRefusing]);
    await line.publish(trafficOf(20, { of: [answered, rejected] }));
    for (const [tenant, { sink }] of [
      [answered, slow],
      [rejected, refusing],
    ] as const)
      await untilArrivedOnce(sink, tenant, 20);
    for (const destination of [toSlow, toRefusing]) await untilLive(line, destination);
    await untilAllCommitted(line, 'forwarder-http');
  });

  afterAll(async () => line.close());

  it('finds its partitions taken and nothing missing when it goes on, and writes nothing', async () => {
    // Both answers are on their way when it is stopped, so that it hears them only when it goes on: one is a success, the other would park.
    slow.sink.next(scripts.delay(1_500));
    refusing.sink.next(scripts.delay(1_500, scripts.answer(401)));
    const requests = [slow.sink.requests.length, refusing.sink.requests.length];
    await line.publish(trafficOf(30, { from: 21, of: [answered, rejected] }));
    await eventually(() => {
      expect(slow.sink.requests.length).toBeGreaterThan(requests[0] ?? 0);
      expect(refusing.sink.requests.length).toBeGreaterThan(requests[1] ?? 0);
      return true;
    });
    zombie.kill('SIGSTOP');

    successor = await line.start('forwarder-http');
    await line.publish(trafficOf(30, { from: 51, of: [answered, rejected] }));
    await untilArrived(slow.sink, answered, 80);
    await untilArrived(refusing.sink, rejected, 80);
    await untilAllCommitted(line, 'forwarder-http');
    await recordCursorWrites(line);

    zombie.kill('SIGCONT');
    // It hears of it from the group or by a refused write, whichever comes first.
    await untilShared(zombie, successor);
    await line.publish(trafficOf(30, { from: 81, of: [answered, rejected] }));
    await untilArrived(slow.sink, answered, 110);
    await untilArrivedOnce(refusing.sink, rejected, 110);
    await untilAllCommitted(line, 'forwarder-http');

    const inFlight = slow.sink.requests[requests[0] ?? 0];
    expect(repeatsAt(slow.sink, answered)).toBeLessThanOrEqual(inFlight?.taken.length ?? 0);
    for (const destination of [toSlow, toRefusing]) expect(await cursorWrites(line, destination)).toEqual([]);
    expect(await cursorOf(line, toRefusing)).toBeUndefined();
    expect(successor.isRunning()).toBe(true);
    expect(zombie.isRunning()).toBe(true);
  });

  it('claims again what nobody else owns, without an event that would make it, and without a restart', async () => {
    const { sink } = refusing;
    const repeats = repeatsAt(sink, rejected);
    sink.always(scripts.answer(401));
    await line.publish(trafficOf(30, { from: 111, of: [rejected] }));
    await untilParked(line, toRefusing);
    await untilAllCommitted(line, 'forwarder-http');
    const refused = await claimsRefused();
    // As a claim by a process that is gone leaves it.
    await line.db.pool.query('update delivery.partition_owner set epoch = epoch + 1');
    sink.always(scripts.pass);
    await untilArrived(sink, rejected, 140);
    await untilLive(line, toRefusing);
    expect(await claimsRefused()).toBeGreaterThan(refused);
    // What was sent when the first write was refused: a probe.
    expect(repeatsAt(sink, rejected) - repeats).toBeLessThanOrEqual(10);
    await line.publish(trafficOf(10, { from: 141, of: [rejected] }));
    await untilArrived(sink, rejected, 150);
    expect(zombie.isRunning()).toBe(true);
    expect(successor.isRunning()).toBe(true);
  });

  async function claimsRefused(): Promise<number> {
    const metrics = await Promise.all([zombie, successor].map(async (service) => service.metrics()));
    return metrics.reduce((sum, of) => sum + (of.value('auditlane_delivery_claims_refused_total') ?? 0), 0);
  }

  /** The group has its two members back, each with partitions of its own. */
  async function untilShared(...services: readonly ServiceProcess[]): Promise<void> {
    await eventually(
      async () => {
        const metrics = await Promise.all(services.map(async (service) => service.metrics()));
        const shares = metrics.map((of) => of.value('auditlane_kafka_assigned_partitions') ?? 0);
        expect({ shares, without: shares.filter((share) => share === 0) }).toMatchObject({ without: [] });
        expect(shares.reduce((sum, share) => sum + share, 0)).toBe(testPartitions);
        return true;
      },
      { timeoutMs: 30_000 },
    );
  }
});
