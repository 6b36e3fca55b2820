// Delivery while its own process dies or is paused at the worst moments, and while its database connections are cut.
import { eventually, scripts, Sink } from '@auditlane/testing';
import { openDeliveryLine, receiverOf, type DeliveryLine } from './delivery-line';

const patience = { timeoutMs: 40_000, everyMs: 50 };
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);
const firsts = (sink: Sink, tenant: string): number[] => [...new Set(sink.seqs(tenant))];

describe('a forwarder', () => {
  let sink: Sink;
  let line: DeliveryLine;

  beforeAll(async () => {
    sink = await Sink.start({ face: 'http' });
    line = await openDeliveryLine([new URL(sink.url).host]);
  }, 120_000);

  afterAll(() => sink.close());

  const expectAll = async (tenant: string, count: number): Promise<void> => {
    await eventually(() => firsts(sink, tenant).length >= count, patience);
    expect(firsts(sink, tenant)).toEqual(upTo(count));
  };

  const cursorsOf = async (id: string): Promise<number> =>
    (await line.db.pool.query('select 1 from delivery.cursor where destination_id = $1', [id])).rowCount ?? 0;

  it.each(['delivery.afterSend', 'delivery.beforeCursorWrite', 'delivery.afterCursorWrite'])(
    'that dies at %s loses nothing and keeps the order',
    async (point) => {
      const tenant = point.replace('.', '-');
      const id = await line.add(tenant, 'http', receiverOf(sink));
      const first = await line.forwarder('http');
      await line.publish(tenant, 5);
      await expectAll(tenant, 5);
      await eventually(async () => (await cursorsOf(id)) === 0, patience);
      await first.stop();
      sink.next(scripts.answer(503), scripts.answer(503));
      await line.publish(tenant, 20);
      const doomed = await line.doomed('http', { CRASH_AT: point, AUDITLANE_DELIVERY_LANE_AGE_MS: '50' });
      expect((await doomed.exited).signal).toBe('SIGKILL');
      const second = await line.forwarder('http');
      await expectAll(tenant, 25);
      await second.stop();
    },
  );

  it('that is paused past its session changes nothing when it wakes up: its successor has gone on', async () => {
    const id = await line.add('zombie', 'http', receiverOf(sink));
    const zombie = await line.forwarder('http');
    await line.publish('zombie', 5);
    await expectAll('zombie', 5);
    await eventually(async () => (await cursorsOf(id)) === 0, patience);
    zombie.kill('SIGSTOP');
    const successor = await line.forwarder('http');
    await line.publish('zombie', 20);
    await expectAll('zombie', 25);
    zombie.kill('SIGCONT');
    await line.publish('zombie', 20);
    await expectAll('zombie', 45);
    await zombie.stop();
    await successor.stop();
    expect(sink.duplicates().filter(({ tenant }) => tenant === 'zombie').length).toBeLessThanOrEqual(5);
  });

  it('whose database connections are cut parks all the same once there are new ones', async () => {
    const healthy = await line.add('healthy', 'http', receiverOf(sink));
    const forwarder = await line.forwarder('http');
    await line.publish('healthy', 5);
    await expectAll('healthy', 5);
    await eventually(async () => (await cursorsOf(healthy)) === 0, patience);
    await line.db.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'auditlane-forwarder-http' and datname = current_database()`,
    );
    sink.always(scripts.answer(500));
    await line.publish('healthy', 5);
    await eventually(async () => (await cursorsOf(healthy)) === 1, patience);
    sink.always(scripts.pass);
    await expectAll('healthy', 10);
    await forwarder.stop();
  });
});
