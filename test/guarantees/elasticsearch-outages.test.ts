// A real Elasticsearch with security in trouble: full, closed for writing, too small for a request, its key revoked. Written to under a key that
// may create documents and nothing else. Whatever it was, every event is there once in the end, and in order.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { eventually, makeEvent, sharedElasticsearch } from '@auditlane/testing';
import { templateParts } from '../../deploy/elasticsearch/template';
import { untilLive } from '../support/cursors';
import { attemptsOf, deadLettersOf } from '../support/dead-letters';
import { openDeliveryLine, type DeliveryLine } from '../support/delivery-line';
import { changeDestination, createDestination, untilApplied, viewOf, type Destination } from '../support/destinations';
import { asAdmin } from '../support/elasticsearch';
import { idOf, upTo } from '../support/traffic';

jest.setTimeout(120_000);

const run = randomBytes(4).toString('hex');
const troubles = ['full', 'blocked', 'small', 'revoked'] as const;
type Trouble = (typeof troubles)[number];
const streamOf = (trouble: Trouble): string => `logs-audit.events-${trouble}-${run}`;
const tenantOf = (trouble: Trouble): string => `${trouble}-${run}`;

const keySchema = z.object({ id: z.string(), encoded: z.string() });

/** May create documents in the stream: not read, not overwrite, not make the stream. */
async function createDocumentKey(stream: string): Promise<{ readonly id: string; readonly encoded: string }> {
  const role_descriptors = { writer: { indices: [{ names: [stream], privileges: ['create_doc'] }] } };
  return keySchema.parse(await asAdmin('POST', '/_security/api_key', { name: stream, role_descriptors }));
}

const hitsSchema = z.object({
  hits: z.object({
    hits: z.array(z.object({ _seq_no: z.number(), _source: z.object({ auditlane: z.object({ seq: z.number() }) }) })),
  }),
});

/** Every document's seq, in the order in which they were written to the one shard. */
async function writtenTo(stream: string): Promise<readonly number[]> {
  await asAdmin('POST', `/${stream}/_refresh`);
  const found = await asAdmin('GET', `/${stream}/_search?size=1000&seq_no_primary_term=true&_source=auditlane.seq`);
  return hitsSchema
    .parse(found)
    .hits.hits.map(({ _seq_no: at, _source: source }) => ({ at, seq: source.auditlane.seq }))
    .sort((a, b) => a.at - b.at)
    .map(({ seq }) => seq);
}

describe('a real Elasticsearch in trouble', () => {
  const destinations = new Map<Trouble, Destination>();
  const published = new Map<Trouble, number>();
  const keys = new Map<Trouble, string>();
  let line: DeliveryLine;

  const of = (trouble: Trouble): Destination => {
    const found = destinations.get(trouble);
    if (!found) throw new Error(`no destination for ${trouble}`);
    return found;
  };
  const block = (trouble: Trouble, name: string, on: boolean): Promise<unknown> =>
    asAdmin('PUT', `/${streamOf(trouble)}/_settings`, { [`index.blocks.${name}`]: on ? true : null });

  async function publish(trouble: Trouble, count: number, bytes = 100): Promise<void> {
    const before = published.get(trouble) ?? 0;
    const parameters = Object.fromEntries(upTo(Math.ceil(bytes / 8_000)).map((n) => [`p${n}`, 'x'.repeat(8_000)]));
    await line.publish(
      upTo(count).map((n) => makeEvent({ tenantId: tenantOf(trouble), id: idOf(before + n), parameters })),
    );
    published.set(trouble, before + count);
  }

  async function untilHealth(trouble: Trouble, expected: object): Promise<void> {
    await eventually(
      async () => {
        expect((await viewOf(line, of(trouble))).health).toMatchObject(expected);
        return true;
      },
      { timeoutMs: 30_000, everyMs: 100 },
    );
  }

  /** Once each, in order, nothing set aside. */
  async function expectAllThere(trouble: Trouble): Promise<void> {
    const all = upTo(published.get(trouble) ?? 0);
    await eventually(
      async () => {
        expect(await writtenTo(streamOf(trouble))).toHaveLength(all.length);
        return true;
      },
      { timeoutMs: 40_000, everyMs: 200 },
    );
    await untilLive(line, of(trouble));
    expect(await writtenTo(streamOf(trouble))).toEqual(all);
    expect(await deadLettersOf(line, of(trouble))).toEqual([]);
    await untilHealth(trouble, { state: 'healthy', lagEvents: 0 });
  }

  beforeAll(async () => {
    const { url, caPem } = await sharedElasticsearch();
    line = await openDeliveryLine({ receivers: [], reachable: [url] });
    const parts = templateParts({ name: `outages-${run}`, dataStream: `logs-audit.events-*-${run}` });
    await asAdmin('PUT', `/_component_template/${parts.name}@mappings`, parts.mappings);
    await asAdmin('PUT', `/_component_template/${parts.name}@settings`, parts.settings);
    await asAdmin('PUT', `/_index_template/${parts.name}`, { ...parts.template, priority: 800 });
    // The node lifts a flood-stage block by itself when it looks at its disk: not while this test looks at the block.
    await asAdmin('PUT', '/_cluster/settings', { persistent: { 'cluster.info.update.interval': '1h' } });
    for (const trouble of troubles) {
      await asAdmin('PUT', `/_data_stream/${streamOf(trouble)}`);
      const { id, encoded } = await createDocumentKey(streamOf(trouble));
      keys.set(trouble, id);
      const options = { target: streamOf(trouble) };
      const address = { type: 'elasticsearch', url, token: encoded, caPem, options } as const;
      destinations.set(trouble, await createDestination(line, tenantOf(trouble), address));
    }
    await line.start('forwarder-elasticsearch');
    await untilApplied(line, [...destinations.values()]);
    for (const trouble of troubles) await publish(trouble, 10);
    for (const trouble of troubles) await expectAllThere(trouble);
  }, 300_000);

  afterAll(async () => {
    await asAdmin('PUT', '/_cluster/settings', { persistent: { 'cluster.info.update.interval': null } });
    await line.close();
  });

  it('429, its disk at the flood stage: tries again until there is room', async () => {
    await block('full', 'read_only_allow_delete', true);
    await publish('full', 30);
    await untilHealth('full', { state: 'retrying', reason: 'rate_limited' });
    expect(await writtenTo(streamOf('full'))).toHaveLength(10);
    await publish('full', 10);
    await block('full', 'read_only_allow_delete', false);
    await expectAllThere('full');
  });

  it('403, the target closed for writing: parks, says so, and goes on when it is opened', async () => {
    await block('blocked', 'write', true);
    await publish('blocked', 30);
    await untilHealth('blocked', { state: 'failing', reason: 'target_not_writable', lagEvents: 30 });
    await publish('blocked', 10);
    await block('blocked', 'write', false);
    await expectAllThere('blocked');
  });

  it('413, a request larger than the node takes: sends halves until they fit', async () => {
    // Closed for a while, so that what waits becomes one large request.
    await block('small', 'write', true);
    // Kafka too has a limit on what is sent at once.
    for (let part = 0; part < 4; part++) await publish('small', 15, 40_000);
    await untilHealth('small', { state: 'failing', reason: 'target_not_writable', lagEvents: 60 });
    await block('small', 'write', false);
    await expectAllThere('small');
    const attempts = await attemptsOf(line, of('small'));
    expect(attempts.map(({ result }) => result)).toContain('split');
  });

  it('401, the key revoked in mid-stream: parks, and the new key that is saved brings everything that was missed', async () => {
    await publish('revoked', 5);
    await asAdmin('DELETE', '/_security/api_key', { ids: [keys.get('revoked')] });
    await publish('revoked', 30);
    await untilHealth('revoked', { state: 'failing', reason: 'credentials_refused' });
    await publish('revoked', 10);
    const { encoded } = await createDocumentKey(streamOf('revoked'));
    await changeDestination(line, of('revoked'), { token: encoded });
    await expectAllThere('revoked');
  });
});
