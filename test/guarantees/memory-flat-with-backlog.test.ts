// Guarantee 5 at the forwarder's own memory: a backlog waits in the database, not in the process, so that its size is no matter of memory.
import { eventually, scripts, type ServiceProcess } from '@auditlane/testing';
import { storeBacklog } from '../support/backlog';
import { untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { createDestination } from '../support/destinations';
import { openReceiver, type Receiver } from '../support/receivers';

/** Held in memory, the larger backlog would be 120 MB and more of it. */
const eventBytes = 2_000;
const backlogs = [10_000, 60_000] as const;
/** Of what a process takes at all, by which two runs of the same work differ. */
const samenessRatio = 1.15;

describe('a destination with a large backlog', () => {
  let receiver: Receiver;
  let line: DeliveryLine;

  beforeAll(async () => {
    receiver = await openReceiver('splunk', { fast: true });
    line = await openDeliveryLine({ receivers: [receiver] });
  });

  afterAll(async () => line.close());

  /** Parks a new destination in front of a backlog, lets it catch up, and answers the most memory that was seen meanwhile. */
  async function peakWhileCatchingUp(count: number): Promise<number> {
    const tenant = `backlog-of-${count}`;
    const { sink, address } = receiver;
    const destination = await createDestination(line, tenant, address);
    await storeBacklog(line, tenant, count, eventBytes);
    sink.always(scripts.answer(503));
    // A process of its own for each: what one has once taken from the system it hardly gives back.
    const forwarder = await line.start('forwarder-splunk');
    await untilParked(line, destination);
    sink.always(scripts.pass);
    let peak = 0;
    await eventually(
      async () => {
        peak = Math.max(peak, await residentBytes(forwarder));
        expect(sink.counts.get(tenant)?.lastSeq).toBe(count);
        return true;
      },
      { timeoutMs: 60_000 },
    );
    await untilLive(line, destination);
    await forwarder.stop();
    expect(sink.counts.get(tenant)).toEqual({ taken: count, lastSeq: count, missing: 0, repeats: 0 });
    return peak;
  }

  it('gets all of it in order and once, and the forwarder takes no more memory for six times the events', async () => {
    const [small, large] = [await peakWhileCatchingUp(backlogs[0]), await peakWhileCatchingUp(backlogs[1])];
    expect(large).toBeLessThan(small * samenessRatio);
  });
});

async function residentBytes(service: ServiceProcess): Promise<number> {
  return (await service.metrics()).value('process_resident_memory_bytes') ?? 0;
}
