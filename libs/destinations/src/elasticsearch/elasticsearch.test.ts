// The bulk body against a real Elasticsearch with security: what only the product itself can say about mappings, repeats and privileges.
import { Egress, parseAllowList } from '@auditlane/egress';
import { sharedElasticsearch } from '@auditlane/testing';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { sampleEvent, sampleEvents } from '../../spec/samples';
import { foundIn } from '../../spec/found-by';
import { testEvent } from '../test-event';
import { registry } from '../registry';
import type { DeliverableEvent, Destination, OutboundRequest, Verdict } from '../types';

type Node = Awaited<ReturnType<typeof sharedElasticsearch>>;

describe('a real Elasticsearch', () => {
  const id = randomUUID();
  let node: Node;
  let egress: Egress;
  let apiKey: string;

  beforeAll(async () => {
    node = await sharedElasticsearch();
    egress = new Egress(parseAllowList([new URL(node.url).host]));
    apiKey = z.object({ encoded: z.string() }).parse(
      await admin('POST', '/_security/api_key', {
        name: `writer-${id}`,
        role_descriptors: {
          writer: { indices: [{ names: ['logs-audit.events-*'], privileges: ['create_doc', 'auto_configure'] }] },
        },
      }),
    ).encoded;
  }, 300_000);

  afterAll(() => egress.destroy());

  async function exchange(request: OutboundRequest) {
    const result = await egress.request(
      { destinationId: id, configVersion: 1, caPem: node.caPem },
      request,
      AbortSignal.timeout(60_000),
    );
    if (result.kind === 'failure') throw new Error(`${result.stage}: ${result.words}`);
    return result.response;
  }

  /** As the superuser, for what a test sets up and looks at. */
  async function admin(method: 'GET' | 'POST' | 'PUT', path: string, body?: unknown): Promise<unknown> {
    const authorization = `Basic ${Buffer.from(`${node.username}:${node.password}`).toString('base64')}`;
    const { status, body: answered } = await egress
      .request(
        { destinationId: 'admin', configVersion: 1, caPem: node.caPem },
        {
          method,
          url: node.url + path,
          headers: { authorization, 'content-type': 'application/json' },
          body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
          timeoutMs: 60_000,
        },
        AbortSignal.timeout(60_000),
      )
      .then((result) => {
        if (result.kind === 'failure') throw new Error(`${result.stage}: ${result.words}`);
        return result.response;
      });
    if (status > 299) throw new Error(`${status} ${answered.toString()}`);
    return JSON.parse(answered.toString());
  }

  function open(target: string, options: object = {}, token = apiKey): Destination {
    const opened = registry.elasticsearch.open({ id, url: node.url, options: { target, ...options }, token });
    if (!opened.ok) throw new Error(JSON.stringify(opened.faults));
    return opened.destination;
  }

  async function send(destination: Destination, events: readonly DeliverableEvent[]): Promise<readonly Verdict[]> {
    return destination.judge(await exchange(destination.encode(events)), events);
  }

  async function test(destination: Destination, event?: DeliverableEvent): Promise<string[]> {
    const queue = [...destination.probe(event).steps];
    const results: string[] = [];
    for (let step = queue.shift(); step; step = queue.shift()) {
      const judged = step.judge(await exchange(step.request));
      if (judged === 'not_yet') return [...results, judged];
      results.push(...foundIn(judged));
      if (judged.findings.some(({ state }) => state === 'failed')) return results;
      if (judged.next) queue.unshift(judged.next);
    }
    return results;
  }

  const found = z.object({
    hits: z.object({ hits: z.array(z.object({ _source: z.record(z.string(), z.unknown()) })) }),
  });
  async function documents(target: string): Promise<Record<string, unknown>[]> {
    const query = `/${target}/_search?size=100&sort=auditlane.seq`;
    await admin('POST', `/${target}/_refresh`);
    return found.parse(await admin('GET', query)).hits.hits.map(({ _source: source }) => source);
  }

  const unlike = [
    sampleEvent(1, {}, { parameters: { limit: 5, 'a.b': 'x', '.': 1, ' ': 'blank' } }),
    sampleEvent(2, {}, { parameters: { limit: 'unlimited', a: true, 'a..b': [1, 'two'], list: ['x', 1, false] } }),
    sampleEvent(3, {}, { parameters: { limit: false, long: 'x'.repeat(8_000) }, details: '</script>"\u2028' }),
  ];

  it('takes events whose parameters no common mapping would fit, without any template, and gives their bytes back', async () => {
    const target = `logs-audit.events-text-${id}`;
    expect(await send(open(target), unlike)).toEqual(unlike.map(() => ({ kind: 'delivered' })));
    const originals = (await documents(target)).map(
      (source) => z.object({ event: z.object({ original: z.string() }) }).parse(source).event.original,
    );
    expect(originals).toEqual(unlike.map(({ canonical }) => canonical.toString()));
  });

  it('takes the same events as objects where the documented template is installed, and finds them by parameter', async () => {
    const target = `logs-audit.events-object-${id}`;
    await admin('PUT', `/_index_template/${target}`, {
      index_patterns: [target],
      data_stream: {},
      priority: 900,
      template: {
        mappings: {
          dynamic: false,
          properties: {
            '@timestamp': { type: 'date' },
            auditlane: { properties: { seq: { type: 'long' } } },
            audit: { properties: { parameters: { type: 'flattened' } } },
          },
        },
      },
    });
    const destination = open(target, { event: 'object' });
    expect(await send(destination, unlike)).toEqual(unlike.map(() => ({ kind: 'delivered' })));
    expect(await send(destination, unlike)).toEqual(unlike.map(() => ({ kind: 'delivered' })));
    expect(await documents(target)).toHaveLength(3);
    const byParameter = { query: { term: { 'audit.parameters.limit': 'unlimited' } } };
    expect(found.parse(await admin('POST', `/${target}/_search`, byParameter)).hits.hits).toHaveLength(1);
  });

  it('holds a repeated event once', async () => {
    const target = `logs-audit.events-repeat-${id}`;
    const events = sampleEvents(10);
    await send(open(target), events.slice(0, 6));
    expect(await send(open(target), events)).toEqual(events.map(() => ({ kind: 'delivered' })));
    expect(await documents(target)).toHaveLength(10);
  });

  it('refuses one event by its mapping and takes its neighbours', async () => {
    const target = `logs-audit.events-strict-${id}`;
    await admin('PUT', `/${target}`, {
      mappings: { properties: { event: { properties: { action: { type: 'long' } } } } },
    });
    const events = [sampleEvent(1, { action: '1' }), sampleEvent(2), sampleEvent(3, { action: '3' })];
    const verdicts = await send(open(target), events);
    expect(verdicts.map(({ kind }) => kind)).toEqual(['delivered', 'poison', 'delivered']);
    expect(verdicts[1]).toMatchObject({
      reason: 'receiver_refused_mapping',
      code: 'bulk_400_document_parsing_exception',
    });
  });

  it('parks where the key may not write, where it is wrong, and where the target is blocked', async () => {
    const refused = async (destination: Destination) => (await send(destination, sampleEvents(1)))[0];
    expect(await refused(open(`elsewhere-${id}`))).toMatchObject({ kind: 'park', reason: 'permission_refused' });
    expect(await refused(open(`logs-audit.events-x-${id}`, {}, 'bm90OmtleQ=='))).toMatchObject({
      kind: 'park',
      reason: 'credentials_refused',
    });
    const target = `logs-audit.events-blocked-${id}`;
    await admin('PUT', `/${target}`, { settings: { 'index.blocks.write': true } });
    expect(await refused(open(target))).toMatchObject({ kind: 'park', reason: 'target_not_writable' });
  });

  it('answers a test of the connection with what the key may do', async () => {
    const signedIn = ['answer:ok:elasticsearch_answers', 'authentication:ok:credentials_accepted'];
    expect(await test(open(`logs-audit.events-${id}`))).toEqual(
      expect.arrayContaining([...signedIn, 'permission:ok:permission_granted']),
    );
    expect((await test(open(`elsewhere-${id}`))).at(-1)).toBe('permission:failed:create_doc_missing');
    expect((await test(open('logs-x', {}, 'bm90OmtleQ=='))).at(-1)).toBe('authentication:failed:http_401');
  });

  it('says with a test event what only a write can show', async () => {
    const event = testEvent('acme', `connection-test-${id}`, new Date());
    const good = `logs-audit.events-tested-${id}`;
    expect((await test(open(good), event)).slice(-2)).toEqual(['event:ok:event_taken', 'confirmation:ok:event_stored']);
    expect(await documents(good)).toMatchObject([
      { event: { id: event.headers.id }, auditlane: { seq: 0 }, organization: { id: 'acme' } },
    ]);
    const blocked = `logs-audit.events-test-blocked-${id}`;
    await admin('PUT', `/${blocked}`, { settings: { 'index.blocks.write': true } });
    expect((await test(open(blocked), event)).at(-1)).toBe('permission:failed:bulk_403_cluster_block_exception');
    const closed = `logs-audit.events-test-closed-${id}`;
    await admin('PUT', `/${closed}`);
    await admin('POST', `/${closed}/_close`);
    expect((await test(open(closed), event)).at(-1)).toBe('permission:failed:bulk_400_index_closed_exception');
  });
});
