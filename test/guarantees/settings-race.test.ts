// Settings that change while events are on their way: what was stored after Save is never missed, what was replaced is never used again.
import { eventually, scripts, type ServiceProcess } from '@auditlane/testing';
import { untilAllCommitted, untilLive } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { openReceiver, type Receiver } from '../support/receivers';
import { untilStored } from '../support/rows';
import { during, tenants, trafficOf, upTo } from '../support/traffic';

const [tenant, neighbour] = tenants;
const crowd = [tenant, neighbour];
const role = 'settings-admin';

describe('settings that change under traffic', () => {
  let first: Receiver;
  let second: Receiver;
  let destination: Destination;
  let line: DeliveryLine;
  let forwarder: ServiceProcess;
  let published = 0;

  beforeAll(async () => {
    [first, second] = await Promise.all([
      openReceiver('http', { token: 'canary-token-of-the-first' }),
      openReceiver('http', { token: 'canary-token-of-the-second' }),
    ]);
    line = await openDeliveryLine({ receivers: [first, second] });
    forwarder = await line.start('forwarder-http');
    await publish(10);
  });

  afterAll(async () => line.close());

  async function publish(count: number): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: crowd }));
    published += count;
    await untilStored(line, published * crowd.length);
  }

  /** Both receivers together, by when each event arrived first: the tenant's events from `from` on. */
  function arrived(from: number): readonly number[] {
    const entries = [...first.sink.requests, ...second.sink.requests].sort((a, b) => a.at - b.at);
    const seqs = entries.flatMap(({ taken }) => taken).filter((event) => event.tenant === tenant && event.seq >= from);
    return [...new Set(seqs.map(({ seq }) => seq))];
  }

  async function untilArrivedFrom(from: number): Promise<void> {
    await eventually(
      () => {
        expect(arrived(from)).toEqual(upTo(published).slice(from - 1));
        return true;
      },
      { timeoutMs: 30_000 },
    );
  }

  /** Nothing that is saved meanwhile reaches the forwarder before it is let go on. */
  async function whilePaused(work: () => Promise<void>): Promise<void> {
    forwarder.kill('SIGSTOP');
    try {
      await work();
    } finally {
      forwarder.kill('SIGCONT');
    }
  }

  async function underTraffic(work: () => Promise<void>): Promise<void> {
    await during(work(), async () => publish(1));
  }

  it('begin with the first event that is stored after Save, however late the forwarder hears of it', async () => {
    const from = published + 1;
    await whilePaused(async () => {
      destination = await createDestination(line, tenant, first.address);
      await publish(20);
    });
    expect((await viewOf(line, destination)).startSeq).toBe(from);
    await publish(5);
    await untilArrivedFrom(from);
    expect(Math.min(...first.sink.seqs(tenant))).toBe(from);
    await untilLive(line, destination);
  });

  it('begin there as well where the forwarder that hears of it is another one', async () => {
    await changeDestination(line, destination, { enabled: false });
    await untilApplied(line, [destination]);
    await publish(10);
    const from = published + 1;
    // The next one finds the settings and the events at the same time.
    await forwarder.stop();
    await changeDestination(line, destination, { enabled: true, resume: 'from_now' });
    await publish(20);
    const before = first.sink.seqs(tenant).length;
    forwarder = await line.start('forwarder-http');
    await publish(5);
    await untilArrivedFrom(from);
    expect(first.sink.seqs(tenant).slice(before)).toEqual(upTo(published).slice(from - 1));
    await untilLive(line, destination);
  });

  it('that name another receiver leave the former one alone once they are in force, its open request with it', async () => {
    const from = published + 1;
    first.sink.always(scripts.hang(true));
    const requests = first.sink.requests.length;
    await underTraffic(async () => {
      await eventually(() => first.sink.requests.length > requests);
      await changeDestination(line, destination, { url: second.address.url, token: second.address.token });
      await untilApplied(line, [destination]);
      const asked = first.sink.requests.length;
      // One request at a time: that the new receiver is asked shows that the open one was ended.
      await eventually(() => second.sink.requests.length > 0);
      await eventually(() => arrived(from).length > 20);
      expect(first.sink.requests).toHaveLength(asked);
    });
    expect(first.sink.requests).toHaveLength(requests + 1);
    first.sink.always(scripts.pass);
    await untilArrivedFrom(from);
    // What the former receiver took without an answer comes again: nobody can know that it did.
    const open = first.sink.requests.at(-1)?.taken.map(({ seq }) => seq) ?? [];
    expect(second.sink.seqs(tenant).slice(0, open.length)).toEqual(open);
    expect(new Set(second.sink.requests.map(({ token }) => token))).toEqual(new Set([second.address.token]));
    await untilLive(line, destination);
  });

  it('again and again, with forwarders that come and go, lose nothing and keep the order', async () => {
    const from = published + 1;
    let helper: ServiceProcess | undefined;
    await underTraffic(async () => {
      for (const [round, receiver] of [first, second, first, second, first].entries()) {
        await changeDestination(line, destination, { url: receiver.address.url, token: receiver.address.token });
        if (round === 1) helper = await line.start('forwarder-http');
        if (round === 2) await changeDestination(line, destination, { enabled: false });
        if (round === 3) await changeDestination(line, destination, { enabled: true });
        // Who is killed holds `applied` up until it is given up on, so this one leaves in order.
        if (round === 3) await helper?.stop();
        await untilApplied(line, [destination]);
      }
    });
    await untilArrivedFrom(from);
    await untilLive(line, destination);
    await untilAllCommitted(line, 'forwarder-http');
    expect(await viewOf(line, destination)).toMatchObject({ url: first.address.url, applied: true });
  });

  it('are told as applied only when every forwarder of the type has them', async () => {
    const slow = await line.start('forwarder-http');
    await untilApplied(line, [destination]);
    slow.kill('SIGSTOP');
    await changeDestination(line, destination, { name: 'Renamed' });
    await eventually(async () => {
      const { rows } = await line.db.pool.query<{ current: number; behind: number }>(
        `select count(*) filter (where r.settings_version = v.version)::int as current,
           count(*) filter (where r.settings_version < v.version)::int as behind
         from delivery.replica r, settings.version v where r.seen_at > now() - interval '30 s'`,
      );
      expect(rows[0]?.current).toBeGreaterThan(0);
      expect(rows[0]?.behind).toBeGreaterThan(0);
      return true;
    });
    expect((await viewOf(line, destination)).applied).toBe(false);
    slow.kill('SIGCONT');
    await untilApplied(line, [destination]);
    await slow.stop();
  });

  it('by two admins at once are taken from one of them, and the other is told', async () => {
    const path = `/destinations/${destination.id}`;
    const { type, name, url, options, caPem } = await viewOf(line, destination);
    const { etag } = await line.call(path, { tenant, role });
    const headers = { 'if-match': etag };
    const saves = ['Jane', 'John', 'Joan'].map(async (admin) => {
      const json = { type, name: `${name} of ${admin}`, enabled: true, url, options, caPem };
      return { admin, ...(await line.call(path, { tenant, role, method: 'PUT', json, headers })) };
    });
    const answers = await Promise.all(saves);
    expect(answers.map(({ status }) => status).sort((a, b) => a - b)).toEqual([200, 412, 412]);
    const taken = answers.find(({ status }) => status === 200);
    expect((await viewOf(line, destination)).name).toBe(`${name} of ${taken?.admin}`);
    expect((await line.call(path, { tenant, role, method: 'DELETE', headers })).status).toBe(412);
    await untilApplied(line, [destination]);
  });
});
