// Whatever is wrong with a request, the answer is one problem document that names the fault and gives nothing away.
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { startQueryUnderTest, type QueryUnderTest } from './query-service';

let query: QueryUnderTest;
beforeAll(async () => {
  query = await startQueryUnderTest();
});
afterAll(() => query.stop());

const as = ['acme', 'settings-admin'] as const;

describe('query parameters', () => {
  it.each([
    ['sort=tenant_id;drop', 'sort'],
    ['limit=1&limit=2', 'limit'],
    ['limit=', 'limit'],
    ['limit=1e9', 'limit'],
    ['tenant_id=other', 'tenant_id'],
    ['filter[__proto__][x]=1', 'filter[__proto__][x]'],
    ['area[]=cases', 'area[]'],
    ['actor=%00', 'actor'],
    ['from=now', 'from'],
    ['to=2026-11-23T10:00:00', 'to'],
    ['from=2026-11-23T10:00:00Z&to=2026-11-23T10:00:00Z', 'from'],
    ['action=workflows.workflow_executed', 'action'],
  ])('%s is refused by name', async (parameters, path) => {
    const answer = await query.call(`/api/v1/events?${parameters}`, { as });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.body).toEqual({
      type: 'https://auditlane.dev/problems/invalid-request',
      title: 'The request is not valid',
      status: 400,
      detail: expect.any(String),
      errors: [{ path, message: expect.any(String) }],
    });
  });

  it('of wildcards and broken percent signs are taken literally', async () => {
    for (const actor of ['%25', '_', '%5C', "';--", '%zz', '%E2%80%AE'])
      expect((await query.call(`/api/v1/events?actor=${actor}`, { as })).body).toEqual({ items: [], nextCursor: null });
  });
});

describe('addresses', () => {
  it.each([
    '/',
    '/api/v1',
    '/api/v1/nothing',
    '/api/v1/events/',
    '//api/v1/events',
    '/API/v1/events',
    '/api/v1/../v1/x',
    '/api/v1/events;a=b',
    '/api/v1/events%2f',
  ])('%s without a token shows nothing', async (path) => {
    const answer = await query.call(path);
    expect([401, 404]).toContain(answer.status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
  });

  it('that cannot be decoded are a bad request', async () => {
    const answer = await raw(`GET /api/v1/events/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).toContain('application/problem+json');
  });

  it.each(['PATCH', 'OPTIONS', 'HEAD', 'DELETE'])('do not answer %s', async (method) => {
    expect((await query.call('/api/v1/events', { method, as })).status).toBe(404);
  });

  it('serve the API document to everybody', async () => {
    const answer = await query.call('/api/openapi.json');
    expect(answer.body).toMatchObject({ openapi: '3.1.0', components: { schemas: { Event: expect.anything() } } });
  });
});

describe('bodies', () => {
  const post = (json: string, headers: Record<string, string> = {}) =>
    query.call('/api/v1/destinations', { method: 'POST', as, json, headers });

  it.each([
    ['malformed JSON', '{"a":', {}, 400],
    ['JSON with comments', '{/* */}', {}, 400],
    ['nothing', '', {}, 400],
    ['a prototype', '{"__proto__":{"x":1}}', {}, 400],
    ['text/plain', '{}', { 'content-type': 'text/plain' }, 415],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['compressed bytes', '\u001f\u008b', { 'content-encoding': 'gzip' }, 400],
    ['more than it takes', JSON.stringify({ caPem: 'x'.repeat(200_000) }), {}, 413],
  ])('of %s are refused', async (_name, body, headers, status) => {
    const answer = await post(body, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.text).not.toMatch(/at .*\.[jt]s|node_modules|FST_ERR/);
  });

  it('name every fault at once, unknown members among them', async () => {
    const answer = await post(
      JSON.stringify({
        type: 'splunk',
        name: '',
        enabled: 'yes',
        url: 'https://x.test',
        tenant_id: 'b',
        verified: true,
        options: { sourcetpye: 'x' },
      }),
    );
    expect(answer.status).toBe(400);
    const paths = Object(answer.body).errors.map((error: { path: string }) => error.path);
    expect(paths.toSorted()).toEqual(['enabled', 'name', 'options.sourcetpye', 'tenant_id', 'verified']);
  });
});

describe('HTTP itself', () => {
  it.each([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}'],
    ['a length and chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    ['an unknown coding', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
    ['a folded header', 'X-A: b\r\n c\r\n\r\n'],
    ['a bare line feed', 'X-A: b\nContent-Length: 2\r\n\r\n{}'],
    ['a chunk that is no length', 'Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n'],
    ['a line feed inside a chunk extension', 'Transfer-Encoding: chunked\r\n\r\n2;a\nb\r\n{}\r\n0\r\n\r\n'],
  ])('with %s is refused and the connection closed', async (_name, rest) => {
    const answer = await raw(
      `POST /api/v1/destinations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${rest}`,
    );
    expect(answer).toMatch(/^HTTP\/1.1 400 /);
    expect(answer).not.toMatch(/HTTP\/1.1[^]*HTTP\/1.1/);
  });

  it('does not do another method because a header says so, nor TRACE', async () => {
    const overridden = await query.call('/api/v1/events', { as, headers: { 'x-http-method-override': 'DELETE' } });
    expect(overridden.status).toBe(200);
    const traced = await raw('TRACE /api/v1/events HTTP/1.1\r\nHost: x\r\nX-Secret: 1\r\nConnection: close\r\n\r\n');
    expect(traced).toMatch(/^HTTP\/1.1 404 /);
    expect(traced).not.toContain('X-Secret');
  });

  it('inflates nothing: a bomb is refused as it came', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const bytes = bomb.subarray(0, 120_000);
    const answer = await fetch(`${query.service.httpUrl}/api/v1/destinations`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${await query.oidc.token(...as)}`,
        'content-type': 'application/json',
        'content-encoding': 'gzip',
      },
      body: bytes,
    });
    expect(answer.status).toBe(400);
  });

  it('with headers beyond 16 kB is refused', async () => {
    const answer = await raw(`GET /api/v1/events HTTP/1.1\r\nHost: x\r\nIf-None-Match: ${'a'.repeat(65_536)}\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 431 [^]*application\/problem\+json/);
  });

  it('sends no permission to other origins', async () => {
    for (const origin of ['null', 'https://acme.example.evil']) {
      const answer = await query.call('/api/v1/events', { as, headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});

it('counts requests by route, never by address', async () => {
  await query.call('/api/v1/events/some-id', { as });
  const metrics = await query.service.metrics();
  expect(
    metrics.value('auditlane_http_requests_total', { method: 'GET', route: '/api/v1/events/:id', code: '404' }),
  ).toBeGreaterThan(0);
});

it('answers 503, not 500, while the database is away, and recovers by itself', async () => {
  const { db, service } = query;
  await db.pool.query(`alter database ${db.name} connection limit 0`);
  try {
    await db.pool.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where usename = 'auditlane_query' and datname = $1`,
      [db.name],
    );
    const answer = await query.call('/api/v1/events', { as });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
  } finally {
    await db.pool.query(`alter database ${db.name} connection limit -1`);
  }
  expect((await query.call('/api/v1/events', { as })).status).toBe(200);
  expect(service.isRunning()).toBe(true);
});

/** Bytes as they are, and all that comes back until the other side closes. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(query.service.httpUrl);
    const socket = connect(Number(port), hostname, () => socket.write(bytes));
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk) => (answer += String(chunk)));
    socket.on('close', () => resolve(answer)).on('error', reject);
  });
}
