// Health as a tenant is told of it: each alarm once an outage, whoever dies meanwhile, signed so that it can be believed; none for what is switched off.
import { eventually, scripts, type ServiceProcess } from '@auditlane/testing';
import { Webhook } from 'standardwebhooks';
import { z } from 'zod';
import { untilLive, untilParked } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, type Destination } from '../support/destinations';
import { openReceiver, untilArrived, type Receiver } from '../support/receivers';
import { trafficOf } from '../support/traffic';

const tenant = 'acme';
const role = 'settings-admin';
const notifyAfterMs = 4_000;
const retentionSeconds = 30 * 86_400;
const notificationSchema = z.object({
  type: z.string(),
  tenant: z.string(),
  destination: z.object({ id: z.string(), name: z.string(), type: z.string() }),
  state: z.string(),
  reason: z.string(),
  words: z.string(),
  since: z.string(),
  fix: z.string(),
  lagEvents: z.number(),
});
const attemptsSchema = z.object({
  items: z.array(
    z.object({
      latencyMs: z.number(),
      events: z.number(),
      fromSeq: z.number(),
      toSeq: z.number(),
      bytes: z.number(),
      status: z.number().nullable(),
      result: z.string(),
      words: z.string(),
    }),
  ),
});

describe('the alarms about a destination', () => {
  let line: DeliveryLine;
  let receiver: Receiver;
  let hook: Receiver;
  let secret: string;
  let destination: Destination;
  let silenced: Destination;
  let forwarder: ServiceProcess;
  let published = 0;

  beforeAll(async () => {
    [receiver, hook] = await Promise.all([openReceiver('http'), openReceiver('http')]);
    hook.sink.always(scripts.answer(204));
    line = await openDeliveryLine({
      receivers: [receiver, hook],
      environment: {
        AUDITLANE_NOTIFY_AFTER_MS: String(notifyAfterMs),
        AUDITLANE_NOTIFY_INTERVAL_MS: '100',
        AUDITLANE_NOTIFY_RETRY_MS: '200',
        AUDITLANE_DELIVERY_STATUS_INTERVAL_MS: '100',
      },
    });
    const json = { url: `${hook.sink.url}/alarms`, caPem: hook.sink.caPem };
    const saved = await line.call('/webhook', { tenant, role, method: 'PUT', json });
    secret = z.object({ secret: z.string() }).parse(saved.body).secret;
    destination = await createDestination(line, tenant, receiver.address);
    silenced = await createDestination(line, tenant, receiver.address, { name: 'switched off' });
    forwarder = await line.start('forwarder-http');
    await untilApplied(line, [destination, silenced]);
    await publish(5);
    await untilArrived(receiver.sink, tenant, published);
  });

  afterAll(async () => line.close());

  async function publish(count: number): Promise<void> {
    await line.publish(trafficOf(count, { from: published + 1, of: [tenant] }));
    published += count;
  }

  /** What the webhook was told so far, each message once and its signature verified. */
  function heard(): z.infer<typeof notificationSchema>[] {
    const library = new Webhook(secret);
    const messages = hook.sink.requests.map(({ headers, body }) => {
      const text = body.toString('utf8');
      for (const token of [secret, receiver.sink.token]) expect(text).not.toContain(token);
      return [headers['webhook-id'], notificationSchema.parse(library.verify(text, headers))] as const;
    });
    return [...new Map(messages).values()];
  }

  /** How long retention still leaves to what is owed. */
  const margin = async (): Promise<number> =>
    (await forwarder.metrics()).value('auditlane_delivery_retention_margin_seconds') ?? 0;

  const typesHeard = (): string[] => heard().map(({ type, destination: { id } }) => `${type} ${id}`);

  async function restart(): Promise<void> {
    forwarder.kill('SIGKILL');
    await forwarder.exited;
    // The dead one cannot say that it has applied anything.
    await line.db.pool.query('delete from delivery.replica');
    forwarder = await line.start('forwarder-http');
  }

  it('are one for an outage although the forwarder is killed twice in it, and one for its end', async () => {
    await changeDestination(line, silenced, { enabled: false });
    await untilApplied(line, [silenced]);
    receiver.sink.always(scripts.answer(403, { body: `no, not with ${receiver.sink.token}` }));
    await publish(10);
    await untilParked(line, destination);
    await eventually(async () => (await failingSince(destination)) !== undefined);
    const began = await failingSince(destination);
    await restart();
    await eventually(() => typesHeard().length > 0, { timeoutMs: 20_000 });
    await restart();
    // By now the same owner has looked again and again.
    const looked = forwarder;
    await eventually(
      async () => ((await looked.metrics()).value('auditlane_delivery_attempts_total', { result: 'park' }) ?? 0) > 3,
      {
        timeoutMs: 20_000,
      },
    );
    expect(await failingSince(destination)).toBe(began);
    expect(heard()).toEqual([
      {
        type: 'destination.failing_15_minutes',
        tenant,
        destination: { id: destination.id, name: 'http of acme', type: 'http' },
        state: 'failing',
        reason: 'permission_refused',
        words: expect.stringContaining('no, not with'),
        since: began,
        fix: expect.stringContaining('Give the token the right'),
        lagEvents: 10,
      },
    ]);

    expect(await margin()).toBeLessThan(retentionSeconds);
    receiver.sink.always(scripts.pass);
    await untilArrived(receiver.sink, tenant, published);
    await untilLive(line, destination);
    await eventually(async () => (await margin()) === retentionSeconds);
    await eventually(() => typesHeard().length > 1, { timeoutMs: 20_000 });
    await restart();
    await publish(1);
    await untilArrived(receiver.sink, tenant, published);
    expect(typesHeard()).toEqual([
      `destination.failing_15_minutes ${destination.id}`,
      `destination.recovered ${destination.id}`,
    ]);
  });

  it('are tried again until the webhook answers, and stand in the history', async () => {
    const before = typesHeard().length;
    const requests = hook.sink.requests.length;
    hook.sink.next(scripts.answer(500), scripts.reset('headers'));
    receiver.sink.always(scripts.answer(503));
    await publish(1);
    await eventually(() => hook.sink.requests.filter(({ status }) => status === 204).length > requests, {
      timeoutMs: 20_000,
    });
    expect(typesHeard().length).toBe(before + 1);
    const ids = hook.sink.requests.slice(requests).map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(1);
    await eventually(async () => {
      const { body } = await line.call('/webhook/notifications', { tenant, role });
      const items: readonly Record<string, unknown>[] = Object(body).items;
      expect(items.map(({ kind, sentAt }) => [kind, sentAt !== null])).toEqual([
        ['failing_15_minutes', true],
        ['recovered', true],
        ['failing_15_minutes', true],
      ]);
      expect(Number(items[0]?.['tries'])).toBeGreaterThan(1);
      return true;
    });
  });

  it('are none for a destination that is switched off, even while it fails', async () => {
    const before = typesHeard();
    // Switched off in the middle of an outage that nobody was told of yet, beside one that ends.
    await changeDestination(line, silenced, { enabled: true, resume: 'from_now' });
    await untilApplied(line, [silenced]);
    await publish(1);
    await untilParked(line, silenced);
    await changeDestination(line, silenced, { enabled: false });
    await untilApplied(line, [silenced]);
    await eventually(async () => Date.parse((await failingSince(silenced)) ?? '') + notifyAfterMs < Date.now(), {
      timeoutMs: 20_000,
    });
    receiver.sink.always(scripts.pass);
    await eventually(() => typesHeard().length > before.length, { timeoutMs: 20_000 });
    await untilLive(line, destination);
    expect(typesHeard()).toEqual([...before, `destination.recovered ${destination.id}`]);
  });

  it('stand beside the attempts, each with what was sent and what the receiver said without the token', async () => {
    const { body } = await line.call(`/destinations/${destination.id}/attempts`, { tenant, role });
    const { items } = attemptsSchema.parse(body);
    expect(items.length).toBeGreaterThan(3);
    expect(items[0]).toMatchObject({ result: 'delivered', status: 200 });
    const refused = items.find(({ result }) => result === 'permission_refused');
    expect(refused).toMatchObject({ status: 403, words: 'no, not with (token)', fromSeq: 6 });
    expect(refused?.bytes).toBeGreaterThan(100);
    expect(JSON.stringify(body)).not.toContain(receiver.sink.token);
    expect((await line.call(`/destinations/${destination.id}/attempts`, { tenant: 'globex', role })).status).toBe(404);
  });

  async function failingSince({ id }: Destination): Promise<string | undefined> {
    const { rows } = await line.db.pool.query<{ failing_since: Date | null }>(
      'select failing_since from delivery.status where destination_id = $1',
      [id],
    );
    return rows[0]?.failing_since?.toISOString();
  }
});
