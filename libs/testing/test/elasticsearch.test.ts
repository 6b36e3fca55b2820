// The Elasticsearch of the tests behaves as a tenant's: HTTPS under its own authority, API keys that may create and nothing else.
import { Agent, request } from 'undici';
import { randomBytes } from 'node:crypto';
import { sharedElasticsearch, type ElasticsearchAccess } from '@auditlane/testing';

describe('the shared Elasticsearch', () => {
  const index = `logs-${randomBytes(4).toString('hex')}`;
  let access: ElasticsearchAccess;
  let dispatcher: Agent;

  beforeAll(async () => {
    access = await sharedElasticsearch();
    dispatcher = new Agent({ connect: { ca: access.caPem } });
  }, 300_000);

  afterAll(async () => dispatcher.close());

  const call = async (method: 'GET' | 'POST' | 'PUT', path: string, authorization: string, body?: string) => {
    const headers = { authorization, 'content-type': path === '/_bulk' ? 'application/x-ndjson' : 'application/json' };
    const response = await request(`${access.url}${path}`, { method, headers, dispatcher, ...(body ? { body } : {}) });
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  };
  const basic = () => `Basic ${Buffer.from(`${access.username}:${access.password}`).toString('base64')}`;

  it('answers the product check of clients', async () => {
    const root = await call('GET', '/', basic());

    expect(root.status).toBe(200);
    expect(root.headers['x-elastic-product']).toBe('Elasticsearch');
    expect(root.text).toContain('"number":"9.5.3"');
  });

  it('refuses a client that does not know its authority, and one without credentials', async () => {
    await expect(request(`${access.url}/`)).rejects.toThrow(/certificate/);
    expect((await call('GET', '/', 'ApiKey bm9uZTpub25l')).status).toBe(401);
  });

  it('lets an API key create what its role names, and nothing else', async () => {
    const made = await call(
      'POST',
      '/_security/api_key',
      basic(),
      JSON.stringify({
        name: index,
        role_descriptors: { writer: { indices: [{ names: [index], privileges: ['create_doc', 'auto_configure'] }] } },
      }),
    );
    const encoded = /"encoded":"([^"]+)"/.exec(made.text)?.[1];
    const key = `ApiKey ${encoded}`;
    const create = (name: string): string =>
      `{"create":{"_index":"${name}","_id":"1"}}\n{"@timestamp":"2026-11-23T00:00:00Z"}\n`;

    expect((await call('POST', '/_bulk', key, create(index))).text).toContain('"status":201');
    expect((await call('POST', '/_bulk', key, create(index))).text).toContain('version_conflict_engine_exception');
    expect((await call('POST', '/_bulk', key, create(`${index}-other`))).text).toContain('"status":403');
    expect((await call('GET', `/${index}/_search`, key)).status).toBe(403);
  });

  it('is the same one for whoever asks again', async () => {
    expect(await sharedElasticsearch()).toEqual(access);
  });
});
