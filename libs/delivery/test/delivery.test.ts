// Delivery with everything real but the receivers: Kafka, PostgreSQL, the services as processes, HTTPS to sinks that write down what they get.
import { eventually, scripts, Sink } from '@auditlane/testing';
import { openDeliveryLine, receiverOf, type DeliveryLine } from './delivery-line';

const patience = { timeoutMs: 30_000, everyMs: 50 };
const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

/** In the order of the first delivery of each: what a receiver has that drops repeats. */
const firsts = (sink: Sink, tenant: string): number[] => [...new Set(sink.seqs(tenant))];

async function expectArrived(sink: Sink, tenant: string, count: number): Promise<void> {
  await eventually(() => {
    expect(new Set(sink.seqs(tenant)).size).toBeGreaterThanOrEqual(count);
    return true;
  }, patience);
  expect(firsts(sink, tenant)).toEqual(upTo(count));
}

describe('delivering to receivers', () => {
  let hec: Sink;
  let second: Sink;
  let http: Sink;
  let bulk: Sink;
  let line: DeliveryLine;

  beforeAll(async () => {
    [hec, second, http, bulk] = await Promise.all([
      Sink.start({ face: 'hec' }),
      Sink.start({ face: 'hec' }),
      Sink.start({ face: 'http' }),
      Sink.start({ face: 'bulk' }),
    ]);
    line = await openDeliveryLine([hec, second, http, bulk].map((sink) => new URL(sink.url).host));
  }, 120_000);

  afterAll(async () => {
    await Promise.all([hec, second, http, bulk].map((sink) => sink.close()));
  });

  const cursors = async (id: string): Promise<{ next_seq: number; state: string }[]> =>
    (await line.db.pool.query('select next_seq::int, state from delivery.cursor where destination_id = $1', [id])).rows;
  const expectLive = async (id: string): Promise<void> => {
    await eventually(async () => {
      expect(await cursors(id)).toEqual([]);
      const status = await line.db.pool.query('select 1 from delivery.status where destination_id = $1', [id]);
      expect(status.rowCount).toBe(1);
      return true;
    }, patience);
  };

  it('delivers every event once and in order to each type of receiver', async () => {
    const forwarders = [
      await line.forwarder('splunk'),
      await line.forwarder('http'),
      await line.forwarder('elasticsearch'),
    ];
    const ids = [
      await line.add('acme', 'splunk', receiverOf(hec)),
      await line.add('acme', 'http', receiverOf(http)),
      await line.add('acme', 'elasticsearch', { ...receiverOf(bulk), token: bulk.token }),
    ];
    await line.publish('acme', 20);
    for (const id of ids) await expectLive(id);
    await line.publish('acme', 30);
    for (const sink of [hec, http, bulk]) {
      await expectArrived(sink, 'acme', 50);
      expect(sink.duplicates()).toEqual([]);
    }
    for (const forwarder of forwarders) expect((await forwarder.stop()).code).toBe(0);
    const statuses = await line.db.pool.query(
      'select delivered_through::int as through, state, jsonb_array_length(attempts) > 0 as attempted from delivery.status',
    );
    expect(statuses.rows).toEqual(ids.map(() => ({ through: 50, state: 'healthy', attempted: true })));
  });

  it('loses nothing and keeps the order over a credential outage, a new token ending it at once', async () => {
    const forwarder = await line.forwarder('splunk', { AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '60000' });
    const id = await line.add('outage', 'splunk', receiverOf(hec));
    await line.publish('outage', 5);
    await expectArrived(hec, 'outage', 5);
    await expectLive(id);
    hec.setToken('another');
    await line.publish('outage', 40);
    await eventually(async () => {
      expect(await cursors(id)).toEqual([{ next_seq: 6, state: 'parked' }]);
      return true;
    }, patience);
    await line.publish('outage', 10);
    await line.saveToken(id, 'outage', 'another');
    await expectArrived(hec, 'outage', 55);
    await expectLive(id);
    expect(hec.received('outage')).toHaveLength(55);
    await forwarder.stop();
    hec.setToken('canary-token-of-a-sink');
  });

  it('delivers to two receivers of one type, the broken one delaying nobody', async () => {
    const forwarder = await line.forwarder('splunk');
    const first = await line.add('pair', 'splunk', receiverOf(hec));
    const other = await line.add('pair', 'splunk', receiverOf(second));
    await line.publish('pair', 5);
    await expectArrived(second, 'pair', 5);
    await expectLive(first);
    await expectLive(other);
    second.always(scripts.answer(503));
    await line.publish('pair', 25);
    await expectArrived(hec, 'pair', 30);
    await eventually(async () => (await cursors(other)).length === 1, patience);
    second.always(scripts.pass);
    await expectArrived(second, 'pair', 30);
    await expectLive(other);
    await forwarder.stop();
  });

  it('goes on where it stood after being killed in the middle', async () => {
    const id = await line.add('killed', 'http', receiverOf(http));
    const doomed = await line.forwarder('http');
    await line.publish('killed', 30);
    await expectArrived(http, 'killed', 30);
    await expectLive(id);
    doomed.kill('SIGKILL');
    await doomed.exited;
    await line.publish('killed', 30);
    const next = await line.forwarder('http');
    await expectArrived(http, 'killed', 60);
    await next.stop();
  });

  it('sends a disabled destination nothing, and everything it missed when it is resumed', async () => {
    const forwarder = await line.forwarder('http');
    const id = await line.add('paused', 'http', receiverOf(http));
    await line.publish('paused', 10);
    await expectArrived(http, 'paused', 10);
    await expectLive(id);
    await line.save(id, { enabled: false });
    await eventually(async () => {
      const { rows } = await line.db.pool.query('select state from delivery.status where destination_id = $1', [id]);
      expect(rows).toEqual([{ state: 'disabled' }]);
      return true;
    }, patience);
    await line.publish('paused', 10);
    await eventually(async () => {
      expect(await cursors(id)).toEqual([{ next_seq: 11, state: 'disabled' }]);
      return true;
    }, patience);
    expect(firsts(http, 'paused')).toEqual(upTo(10));
    await line.save(id, { enabled: true });
    await expectArrived(http, 'paused', 20);
    await forwarder.stop();
  });

  it('forgets a deleted destination, and Kafka does not wait for it', async () => {
    const forwarder = await line.forwarder('http');
    const id = await line.add('deleted', 'http', receiverOf(http));
    await line.publish('deleted', 3);
    await expectArrived(http, 'deleted', 3);
    await expectLive(id);
    http.always(scripts.hang());
    await line.publish('deleted', 3);
    await line.remove(id);
    await eventually(async () => {
      const { rows } = await line.db.pool.query('select settings_version from delivery.replica');
      const version = await line.db.pool.query('select version from settings.version');
      return rows.some((row) => row.settings_version === version.rows[0].version);
    }, patience);
    http.always(scripts.pass);
    await line.publish('other', 1);
    await forwarder.stop();
  });

  it('puts one bad event of many aside and delivers all others', async () => {
    const forwarder = await line.forwarder('splunk');
    const id = await line.add('poison', 'splunk', receiverOf(hec));
    await line.publish('poison', 2);
    await expectArrived(hec, 'poison', 2);
    await expectLive(id);
    hec.refuse((event) => event.tenant === 'poison' && event.seq === 7);
    await line.publish('poison', 20);
    await eventually(() => new Set(hec.seqs('poison')).size === 21, patience);
    expect(firsts(hec, 'poison')).toEqual(upTo(22).filter((seq) => seq !== 7));
    await eventually(async () => {
      const { rows } = await line.db.pool.query(
        'select seq::int, reason from delivery.dead_letter where destination_id = $1',
        [id],
      );
      expect(rows).toEqual([{ seq: 7, reason: 'receiver_refused_format' }]);
      return true;
    }, patience);
    hec.refuse(undefined);
    await forwarder.stop();
  });
});
