// Tokens and the keys that seal them are replaced while everything runs: nothing is lost, nothing waits, and no token works where it was not meant for.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot, eventually, nodeBinary, startChild, type ServiceProcess } from '@auditlane/testing';
import { cursorOf, untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { openReceiver, untilArrived, untilArrivedOnce, type Receiver } from '../support/receivers';
import { tenantIn, trafficOf } from '../support/traffic';

const crowd = [tenantIn(0), tenantIn(1), tenantIn(2)] as const;
const role = 'settings-admin';

interface Lane {
  readonly tenant: string;
  readonly receiver: Receiver;
  readonly destination: Destination;
}

describe('while events flow', () => {
  let line: DeliveryLine;
  let lanes: readonly Lane[];
  let spare: Receiver;
  let keyRing: string;
  let forwarder: ServiceProcess;
  let published = 0;
  let ending = new AbortController();
  let flow: Promise<void> = Promise.resolve();

  beforeAll(async () => {
    const receivers = await Promise.all(
      crowd.map(async (tenant) => openReceiver('http', { token: `canary-token-of-${tenant}` })),
    );
    spare = await openReceiver('http', { token: 'canary-token-of-a-spare' });
    line = await openDeliveryLine({ receivers: [...receivers, spare] });
    keyRing = String(line.environmentOf('query')['AUDITLANE_KEY_RING_FILE']);
    lanes = await Promise.all(
      receivers.map(async (receiver, at) => {
        const tenant = crowd[at] ?? crowd[0];
        return { tenant, receiver, destination: await createDestination(line, tenant, receiver.address) };
      }),
    );
    const webhook = { url: `${spare.sink.url}/hook`, caPem: spare.sink.caPem };
    await line.call('/webhook', { tenant: crowd[0], role, method: 'PUT', json: webhook });
    forwarder = await line.start('forwarder-http');
    await untilApplied(
      line,
      lanes.map(({ destination }) => destination),
    );
  });

  afterAll(async () => line.close());

  /** A request or two at any moment, so that whatever is replaced is replaced in the middle of something. */
  function startFlow(): void {
    ending = new AbortController();
    const { signal } = ending;
    flow = (async () => {
      while (!signal.aborted) {
        await line.publish(trafficOf(10, { from: published + 1, of: crowd }));
        published += 10;
      }
    })();
  }

  async function endFlow(): Promise<void> {
    ending.abort();
    await flow;
  }

  const rotate = async (options: readonly string[] = [], crashAt?: string): Promise<string> => {
    const url = line.db.url('query').replace('auditlane_query', 'auditlane_key_rotation');
    const child = startChild({
      label: 'npm run rotate-keys',
      command: nodeBinary(),
      args: [join(checkoutRoot, 'dist/services/query/src/rotate-keys/main.js'), ...options],
      env: {
        ...process.env,
        AUDITLANE_ROTATE_URL: url,
        AUDITLANE_KEY_RING_FILE: keyRing,
        ...(crashAt === undefined ? {} : { CRASH_AT: crashAt }),
      },
      logFile: `${keyRing}.rotation.log`,
    });
    const exit = await child.exited;
    expect([exit, child.tail()]).toEqual([
      crashAt === undefined ? { code: 0, signal: null } : { code: null, signal: 'SIGKILL' },
      expect.anything(),
    ]);
    return child.tail();
  };

  const keysOf = (): { active: string; keys: readonly string[] } => {
    const { active, keys }: { active: string; keys: object } = JSON.parse(readFileSync(keyRing, 'utf8'));
    return { active, keys: Object.keys(keys) };
  };

  async function keysInUse(): Promise<readonly string[]> {
    const { rows } = await line.db.pool.query<{ kek: string }>(
      `select distinct kek from (select token ->> 'kek' as kek from settings.destinations union select secret ->> 'kek' from settings.webhook) all_keys`,
    );
    return rows.map(({ kek }) => kek);
  }

  const settingsVersion = async (): Promise<unknown> =>
    (await line.db.pool.query('select version from settings.version')).rows;

  describe('a new key-encryption key', () => {
    it('takes the place of the old one, killed at any step, and no delivery waits or connects anew for it', async () => {
      startFlow();
      for (const { receiver, tenant } of lanes) await eventually(() => receiver.sink.seqs(tenant).length > 20);
      const before = { ring: keysOf(), version: await settingsVersion() };
      const connections = lanes.map(({ receiver }) => receiver.sink.connections);

      await rotate([], 'rotation.prepared');
      await rotate([], 'rotation.activated');
      await rotate([], 'rotation.afterRow:2');
      expect([...(await keysInUse())].sort()).toEqual([...keysOf().keys].sort());
      const said = await rotate();
      const after = keysOf();
      expect(after.active).not.toBe(before.ring.active);
      expect(after.keys).toHaveLength(2);
      expect(said).toContain(`not used any more: ${before.ring.active}`);
      expect(await keysInUse()).toEqual([after.active]);
      expect(await rotate(['--retire'])).toContain(`removed ${before.ring.active}`);
      expect(keysOf()).toEqual({ active: after.active, keys: [after.active] });

      await endFlow();
      for (const { receiver, tenant } of lanes) await untilArrivedOnce(receiver.sink, tenant, published);
      expect(await settingsVersion()).toEqual(before.version);
      expect(lanes.map(({ receiver }) => receiver.sink.connections)).toEqual(connections);
      expect((await forwarder.metrics()).value('auditlane_delivery_attempts_total', { result: 'park' }) ?? 0).toBe(0);
      for (const { destination } of lanes) expect(await cursorOf(line, destination)).toBeUndefined();
    });

    it('seals and opens in the processes that were started before it', async () => {
      const tenant = crowd[0];
      const destination = await createDestination(line, tenant, spare.address);
      expect(await keysInUse()).toEqual([keysOf().active]);
      await untilApplied(line, [destination]);
      const { startSeq } = await viewOf(line, destination);
      await publishOne();
      await eventually(() => spare.sink.seqs(tenant).includes(startSeq));
    });

    it('can be prepared first, so that every copy of the file has it before anything is sealed with it', async () => {
      const { active } = keysOf();
      await rotate(['--prepare']);
      const prepared = keysOf();
      expect([prepared.active, prepared.keys.length]).toEqual([active, 2]);
      expect(await rotate(['--retire'])).toContain('there is no other');
      await rotate();
      expect(keysOf().keys).toEqual(prepared.keys);
      expect(keysOf().active).toBe(prepared.keys.find((key) => key !== active));
      await forwarder.stop();
      forwarder = await line.start('forwarder-http');
      await publishOne();
      for (const { receiver, tenant } of lanes) await untilArrived(receiver.sink, tenant, published);
    });
  });

  it('a new token takes the place of the old one in the stream: nothing is lost, nothing comes out of order', async () => {
    startFlow();
    for (const { receiver, tenant, destination } of lanes) {
      const token = `canary-token-after-rotation-of-${tenant}`;
      receiver.sink.setToken(token);
      await changeDestination(line, destination, { token });
      await untilApplied(line, [destination]);
      const requests = receiver.sink.requests.length;
      await eventually(() => receiver.sink.requests.length > requests + 3);
      expect(new Set(receiver.sink.requests.slice(requests + 1).map((request) => request.token))).toEqual(
        new Set([token]),
      );
    }
    await endFlow();
    for (const { receiver, tenant, destination } of lanes) {
      await untilArrived(receiver.sink, tenant, published);
      await untilLive(line, destination);
    }
    const { rows } = await line.db.pool.query('select from delivery.dead_letter union all select from delivery.gap');
    expect(rows).toEqual([]);
  });

  it('tokens that were moved to another row open nowhere: both park, nothing is sent, and put back they go on', async () => {
    const [one, other] = lanes;
    if (!one || !other) throw new Error('two lanes are needed');
    const swap = async (): Promise<void> => {
      await line.db.pool.query(
        `update settings.destinations d set token = (select e.token from settings.destinations e where e.id = any($1) and e.id <> d.id)
         where d.id = any($1)`,
        [[one.destination.id, other.destination.id]],
      );
      await untilApplied(line, [one.destination, other.destination]);
    };
    await swap();
    const requests = [one, other].map(({ receiver }) => receiver.sink.requests.length);
    await publishOne();
    for (const { destination } of [one, other])
      expect(await untilParked(line, destination)).toMatchObject({ reason: 'secret_unavailable' });
    expect([one, other].map(({ receiver }) => receiver.sink.requests.length)).toEqual(requests);
    await swap();
    for (const { receiver, tenant } of lanes) await untilArrived(receiver.sink, tenant, published);
  });

  async function publishOne(): Promise<void> {
    await line.publish(trafficOf(1, { from: published + 1, of: crowd }));
    published++;
  }
});
