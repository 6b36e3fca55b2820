// The tour: what the system does for its tenants, told on real parts. Read the titles first; each step goes on where the one before ended.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { catalogue, decodeStoredHeaders, type TopicRole } from '@auditlane/contracts';
import { createAuditProducer, type AuditProducer, type NewAuditEvent } from '@auditlane/producer';
import { consumeAll, eventually, sharedElasticsearch, stack, type ConsumedRecord, type Sink } from '@auditlane/testing';
import { untilAllCommitted } from '../support/cursors';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import {
  changeDestination,
  createDestination,
  removeDestination,
  untilAllSettingsApplied,
  untilApplied,
  viewOf,
  type Destination,
} from '../support/destinations';
import { documentsIn, elasticsearchOf } from '../support/elasticsearch';
import { readAllEvents } from '../support/events-api';
import { firstArrivals, openReceiver, repeatsAt, untilArrivedOnce, type Receiver } from '../support/receivers';
import { rowsOf, totalsOf, untilTotals } from '../support/rows';
import { upTo } from '../support/traffic';

/** A customer with a Splunk, a collector of its own, and a data stream in a real Elasticsearch. */
interface Tenant {
  readonly name: string;
  readonly hec: Receiver;
  readonly collector: Receiver;
  readonly stream: string;
  /** To these three, in this order. */
  destinations: readonly Destination[];
  published: number;
}

const run = Date.now().toString(36);
const tenants: Tenant[] = [];
let line: DeliveryLine;
let producer: AuditProducer;

beforeAll(async () => {
  for (const name of ['acme', 'globex', 'initech']) {
    const [hec, collector] = await Promise.all([openReceiver('splunk'), openReceiver('http')]);
    tenants.push({ name, hec, collector, stream: `logs-audit.${name}-${run}`, destinations: [], published: 0 });
  }
  const { url: elasticsearch } = await sharedElasticsearch();
  line = await openDeliveryLine({
    receivers: tenants.flatMap(({ hec, collector }) => [hec, collector]),
    reachable: [elasticsearch],
  });
  producer = createAuditProducer({ brokers: stack().brokers, topicPrefix: line.prefix });
  await Promise.all([
    line.start('forwarder-splunk'),
    line.start('forwarder-http'),
    line.start('forwarder-elasticsearch'),
  ]);
}, 300_000);

afterAll(async () => {
  await producer.close();
  await line.close();
});

const started = Date.now();
const actions = catalogue.flatMap((area) => area.actions.map((action) => action.key));

/** Of every action there is, with text that a careless hop would change, naming its tenant wherever it can. */
const eventOf = (tenant: string, number: number): NewAuditEvent & { readonly id: string } => ({
  id: `${tenant}-${number}`,
  tenantId: tenant,
  action: actions[number % actions.length] ?? 'workflows.workflow_created',
  occurredAt: new Date(started + number),
  actor: { type: 'user', email: `jane@${tenant}.test` },
  workspace: { id: 'ws-1', name: `Production of ${tenant}` },
  parameters: { number, amount: 1e21, 'zażółć.gęślą': 'jaźń', list: ['a', true, 2.5] },
  details: `Event ${number} of ${tenant}: "quoted", a \\ and a line\nbreak`,
});

async function publish(tenant: Tenant, count: number): Promise<void> {
  const numbers = upTo(count).map((number) => tenant.published + number);
  tenant.published += count;
  await Promise.all(numbers.map(async (number) => producer.publish(eventOf(tenant.name, number))));
}

async function untilIndexedOnce({ name, stream, published }: Tenant): Promise<void> {
  await eventually(
    async () => {
      const documents = await documentsIn(stream);
      expect(documents.map(({ auditlane }) => auditlane.seq)).toEqual(upTo(published));
      expect(new Set(documents.map(({ organization }) => organization.id))).toEqual(new Set([name]));
      return true;
    },
    { timeoutMs: 30_000, everyMs: 250 },
  );
}

function tenantNamed(name: string): Tenant {
  const found = tenants.find((tenant) => tenant.name === name);
  if (!found) throw new Error(`no tenant ${name}`);
  return found;
}

/** The first record of the event in a topic of the line. */
async function recordOf(topic: TopicRole, id: string): Promise<ConsumedRecord> {
  const records = await consumeAll(line.names.topic(topic));
  const found = records.find(({ headers }) => headers['id']?.toString() === id);
  if (!found) throw new Error(`${topic} does not hold ${id}`);
  return found;
}

/** The body, as it was sent, of the request that brought the event. */
function bodyWith(sink: Sink, id: string): string {
  const found = sink.requests.find(({ taken }) => taken.some((event) => event.id === id));
  if (!found) throw new Error(`no request brought ${id}`);
  return found.body.toString();
}

describe('Auditlane', () => {
  it('lets each tenant set up its own Splunk, HTTPS collector and Elasticsearch, and says when they are in force', async () => {
    for (const tenant of tenants) {
      const { name, hec, collector, stream } = tenant;
      const addresses = [hec.address, collector.address, await elasticsearchOf(name, stream)];
      tenant.destinations = await Promise.all(addresses.map(async (address) => createDestination(line, name, address)));
    }
    const made = tenants.flatMap(({ destinations }) => destinations);
    await untilApplied(line, made);
    for (const destination of made)
      expect(await viewOf(line, destination)).toMatchObject({ applied: true, startSeq: 1 });
  });

  it('takes events of every action from producers that use the SDK, and stores each once, also one that is sent twice', async () => {
    for (const tenant of tenants) await publish(tenant, actions.length);
    for (const { name } of tenants) await producer.publish(eventOf(name, 1));
    await untilTotals(line, { stored: tenants.length * actions.length, duplicate: tenants.length });
    expect(await totalsOf(line)).toMatchObject({ quarantined: 0 });
  });

  it('shows each tenant all of its events, numbered 1 … n, and nothing of any other tenant', async () => {
    for (const { name, published } of tenants) {
      const items = await readAllEvents(line, name);
      expect(items.map(({ seq, id }) => [seq, id])).toEqual(upTo(published).map((seq) => [seq, `${name}-${seq}`]));
      const text = JSON.stringify(items);
      for (const other of tenants) expect(text.includes(other.name)).toBe(other.name === name);
    }
  });

  it('has the same events at the Splunk, collector and Elasticsearch of each tenant, in order, each once', async () => {
    for (const tenant of tenants) {
      await untilArrivedOnce(tenant.hec.sink, tenant.name, tenant.published);
      await untilArrivedOnce(tenant.collector.sink, tenant.name, tenant.published);
      await untilIndexedOnce(tenant);
      expect(tenant.published).toBe(actions.length);
    }
  });

  it('carries an event through all hops as the same bytes, under one id and one seq', async () => {
    const { name, hec, collector, stream } = tenantNamed('globex');
    const [seq, id] = [42, `${name}-42`];
    const accepted = await recordOf('accepted', id);
    const stored = await recordOf('stored', id);
    expect(decodeStoredHeaders(stored.headers)).toMatchObject({
      tenant: name,
      id,
      seq,
      acceptedOffset: accepted.offset,
    });
    const bytes = accepted.value?.toString() ?? '';
    expect(stored.value?.toString()).toBe(bytes);
    const [row] = (await rowsOf(line, name)).filter((event) => event.id === id);
    expect(row).toMatchObject({ seq, canonical: bytes });

    expect(bodyWith(hec.sink, id)).toContain(
      `"event":${bytes},"fields":{"tenant":"${name}","event_id":"${id}","seq":"42"`,
    );
    expect(bodyWith(collector.sink, id)).toContain(`{"seq":42,`);
    expect(bodyWith(collector.sink, id)).toContain(bytes.slice(1));
    const document = (await documentsIn(stream)).find((found) => found.event.id === id);
    expect(document).toMatchObject({
      documentId: createHash('sha256').update(`${name}\u0000${id}`).digest('base64url'),
      event: { original: bytes },
      auditlane: { seq },
    });
    const item = (await readAllEvents(line, name)).find((found) => found.id === id);
    expect(item).toEqual({ ...item, ...z.looseObject({}).parse(JSON.parse(bytes)), seq });
  });

  it('sends nothing to a destination that is disabled, and what it missed as soon as it is enabled', async () => {
    const tenant = tenantNamed('acme');
    const [toHec] = tenant.destinations;
    if (!toHec) throw new Error('the first step makes the destinations');
    const before = tenant.published;
    await changeDestination(line, toHec, { enabled: false });
    await untilApplied(line, [toHec]);
    expect((await viewOf(line, toHec)).health.state).toBe('disabled');
    await publish(tenant, 30);
    await untilArrivedOnce(tenant.collector.sink, tenant.name, tenant.published);
    await untilAllCommitted(line, 'forwarder-splunk');
    expect(firstArrivals(tenant.hec.sink, tenant.name)).toEqual(upTo(before));

    await changeDestination(line, toHec, { enabled: true });
    await untilArrivedOnce(tenant.hec.sink, tenant.name, tenant.published);
  });

  it('sends nothing more to a destination that was deleted, and forgets where it stood', async () => {
    const tenant = tenantNamed('initech');
    const [, toCollector] = tenant.destinations;
    if (!toCollector) throw new Error('the first step makes the destinations');
    const before = tenant.published;
    await removeDestination(line, toCollector);
    await untilAllSettingsApplied(line);
    await publish(tenant, 30);
    await untilArrivedOnce(tenant.hec.sink, tenant.name, tenant.published);
    await untilIndexedOnce(tenant);
    await untilAllCommitted(line, 'forwarder-http');
    expect(firstArrivals(tenant.collector.sink, tenant.name)).toEqual(upTo(before));
    for (const table of ['cursor', 'status', 'dead_letter', 'gap']) {
      const { rowCount } = await line.db.pool.query(`select from delivery.${table} where destination_id = $1`, [
        toCollector.id,
      ]);
      expect([table, rowCount]).toEqual([table, 0]);
    }
  });

  it('has, after all that, no event twice and none of another tenant at any receiver', () => {
    for (const { name, hec, collector } of tenants)
      for (const { sink } of [hec, collector]) {
        expect(repeatsAt(sink, name)).toBe(0);
        expect(sink.received().filter(({ tenant }) => tenant !== name)).toEqual([]);
      }
  });
});
