// Holds the SDK to its promises: nothing invalid is sent, every retry is the same event, an outage is survived, close flushes.
import type { OutgoingRecord } from '@auditlane/contracts';
import {
  AuditProducer,
  DeliveryTimeoutError,
  ProducerClosedError,
  QueueFullError,
  type Transport,
} from './audit-producer';
import { InvalidAuditEventError, prepareEvent, type NewAuditEvent } from './prepare-event';

const event: NewAuditEvent = {
  tenantId: 'acme',
  action: 'workflows.workflow_created',
  actor: { type: 'user', email: 'jane@acme.test' },
};

/** Takes records while `up`; fails every send otherwise, as a broker that is down. */
function switchable(
  up: boolean,
): Transport & { up: boolean; attempts: number; taken: OutgoingRecord[]; disconnected: boolean } {
  return {
    up,
    attempts: 0,
    taken: [],
    disconnected: false,
    connect: () => Promise.resolve(),
    send(records) {
      this.attempts += 1;
      if (!this.up) return Promise.reject(new Error('ECONNREFUSED'));
      this.taken.push(...records);
      return Promise.resolve();
    },
    disconnect() {
      this.disconnected = true;
      return Promise.resolve();
    },
  };
}

const body = (record: OutgoingRecord | undefined): Record<string, unknown> => JSON.parse(String(record?.value));

describe('prepareEvent', () => {
  const now = new Date('2026-11-23T10:00:00Z');

  it('sets a UUIDv7 and the time where they are missing, and keeps them where they are given', () => {
    const prepared = prepareEvent(event, now);
    expect(prepared.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(prepared.occurredAt).toBe('2026-11-23T10:00:00.000Z');
    expect(prepareEvent({ ...event, id: 'mine', occurredAt: '2026-11-01T00:00:00+02:00' }, now)).toMatchObject({
      id: 'mine',
      occurredAt: '2026-11-01T00:00:00+02:00',
    });
  });

  it('says everything that is wrong at once', () => {
    expect(() => prepareEvent({ ...event, tenantId: 'a b', actor: { type: 'user' } }, now)).toThrow(
      /tenantId: .*actor/s,
    );
  });

  it('suggests the action that was meant, and knows what is never audited', () => {
    const misspelt = () => prepareEvent({ ...event, action: 'workflows.workflow_craeted' }, now);
    expect(misspelt).toThrow(InvalidAuditEventError);
    expect(misspelt).toThrow("did you mean 'workflows.workflow_created'?");
    expect(() => prepareEvent({ ...event, action: 'workflows.workflow_executed' }, now)).toThrow('never audit events');
  });

  it.each([[null], ['text'], [[event]], [42]])('refuses %p as an event', (candidate) => {
    expect(() => prepareEvent(candidate, now)).toThrow('an event is an object');
  });

  it('refuses an event over the size limit', () => {
    const parameters = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`p${i}`, 'x'.repeat(8000)]));
    expect(() => prepareEvent({ ...event, parameters }, now)).toThrow('larger than 262144 bytes');
  });
});

describe('AuditProducer', () => {
  it('resolves with the id once the broker has the event, keyed by tenant', async () => {
    const transport = switchable(true);
    const producer = new AuditProducer({ transport, topicPrefix: 't.' });
    const { id } = await producer.publish(event);
    expect(transport.taken[0]).toMatchObject({ topic: 't.audit.events', key: 'acme' });
    expect(body(transport.taken[0])['id']).toBe(id);
    await producer.close();
    expect(transport.disconnected).toBe(true);
  });

  it('keeps order and survives an outage with every retry being the same event', async () => {
    const transport = switchable(false);
    const producer = new AuditProducer({ transport });
    const publishing = Promise.all(
      Array.from({ length: 2500 }, (_, i) => producer.publish({ ...event, parameters: { i } })),
    );
    while (transport.attempts < 2) await new Promise((resolve) => setImmediate(resolve));
    transport.up = true;
    const ids = (await publishing).map((published) => published.id);
    expect(transport.taken.map((record) => body(record)['id'])).toEqual(ids);
    await producer.close();
  });

  it('sends what is published the moment the event before it was acknowledged', async () => {
    const transport = switchable(true);
    const producer = new AuditProducer({ transport });
    for (let i = 0; i < 5; i++) await producer.publish(event);
    expect(transport.taken).toHaveLength(5);
    await producer.close();
  });

  it('sends nothing that is invalid', async () => {
    const transport = switchable(true);
    const producer = new AuditProducer({ transport });
    await expect(producer.publishUnchecked({ tenantId: 'acme' })).rejects.toThrow(InvalidAuditEventError);
    await producer.close();
    expect(transport.attempts).toBe(0);
  });

  it('tells when an event was not acknowledged in time, with the id to publish it again', async () => {
    const producer = new AuditProducer({ transport: switchable(false), deliveryTimeoutMs: 50 });
    await expect(producer.publish({ ...event, id: 'again' })).rejects.toThrow(DeliveryTimeoutError);
    await producer.close();
  });

  it('ends a wait for a broker that never answers', async () => {
    const transport = { ...switchable(true), send: () => new Promise<void>(() => undefined) };
    const producer = new AuditProducer({ transport, deliveryTimeoutMs: 50 });
    await expect(producer.publish(event)).rejects.toThrow('was not acknowledged within 50 ms');
    await producer.close();
  });

  it('refuses more than its queue may hold, and anything after close', async () => {
    const transport = switchable(false);
    const producer = new AuditProducer({ transport, queueLimit: 1, deliveryTimeoutMs: 50 });
    const first = producer.publish(event);
    await expect(producer.publish(event)).rejects.toThrow(QueueFullError);
    await expect(first).rejects.toThrow(DeliveryTimeoutError);
    await producer.close();
    await expect(producer.publish(event)).rejects.toThrow(ProducerClosedError);
  });

  it('flushes what is waiting when it is closed', async () => {
    const transport = switchable(true);
    const producer = new AuditProducer({ transport });
    const publishing = producer.publish(event);
    await producer.close();
    await expect(publishing).resolves.toHaveProperty('id');
    expect(transport.taken).toHaveLength(1);
  });
});
