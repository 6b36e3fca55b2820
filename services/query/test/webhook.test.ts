// A webhook's life over REST: its secret is shown once, written against a version, and its test message is one that receivers can verify.
import { KeyRing, webhookPlace } from '@auditlane/secrets';
import { scripts, Sink } from '@auditlane/testing';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { startQueryUnderTest, type Answer, type QueryUnderTest } from './query-service';

const path = '/api/v1/webhook';
const admin = (tenant: string) => [tenant, 'settings-admin'] as const;

let query: QueryUnderTest;
let sink: Sink;
beforeAll(async () => {
  sink = await Sink.start({ face: 'http' });
  query = await startQueryUnderTest({
    AUDITLANE_EGRESS_ALLOW: `127.0.0.1:${sink.port},hooks.acme.test:443`,
    AUDITLANE_TESTS_PER_MINUTE: '5',
  });
});
afterAll(async () => {
  await query.stop();
  await sink.close();
});

const url = 'https://hooks.acme.test/audit';
const put = (tenant: string, json: unknown, etag?: string) =>
  query.call(path, {
    method: 'PUT',
    as: admin(tenant),
    json,
    headers: etag === undefined ? {} : { 'if-match': etag },
  });
const read = (tenant: string) => query.call(path, { as: admin(tenant) });
const etagOf = (answer: Answer): string => answer.headers.get('etag') ?? '';
const secretOf = (answer: Answer): unknown => Object(answer.body).secret;

async function storedSecret(tenant: string): Promise<unknown> {
  const { rows } = await query.db.pool.query<{ secret: { version: number } }>(
    'select secret from settings.webhook where tenant_id = $1',
    [tenant],
  );
  const keyRing = KeyRing.load(join(query.dataDir, 'key-ring.json'));
  return keyRing.open(rows[0]?.secret, webhookPlace(tenant, rows[0]?.secret.version ?? 0));
}

describe('the secret of a webhook', () => {
  it('is made by the first save and shown by it alone; it stands sealed in the database', async () => {
    const saved = await put('once', { url });
    expect([saved.status, saved.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const secret = secretOf(saved);
    expect(secret).toMatch(/^whsec_/);
    const again = await read('once');
    expect(again.body).toEqual({
      url,
      enabled: true,
      caPem: null,
      version: expect.any(Number),
      updatedAt: expect.any(String),
    });
    expect(etagOf(again)).toBe(etagOf(saved));
    const changed = await put('once', { url, enabled: false }, etagOf(again));
    expect([changed.status, secretOf(changed)]).toEqual([200, undefined]);
    expect(await storedSecret('once')).toEqual({ kind: 'open', value: secret });
    const dump = await query.db.pool.query<{ row: string }>('select w::text as row from settings.webhook w');
    expect(dump.rows.map(({ row }) => row).join()).not.toContain(String(secret).slice(6));
    expect(query.service.logs()).not.toContain('whsec_');
  });

  it('is another one after a rotation', async () => {
    const first = await put('rotate', { url });
    const second = await put('rotate', { url, rotateSecret: true }, etagOf(first));
    expect(secretOf(second)).toMatch(/^whsec_/);
    expect(secretOf(second)).not.toBe(secretOf(first));
    expect(await storedSecret('rotate')).toEqual({ kind: 'open', value: secretOf(second) });
  });
});

describe('writing', () => {
  it('needs the version that is there, once there is one', async () => {
    const first = await put('versions', { url });
    expect((await put('versions', { url })).status).toBe(428);
    expect((await put('versions', { url }, '"1"')).status).toBe(412);
    expect((await put('nothing', { url }, '"1"')).status).toBe(412);
    const second = await put('versions', { url, enabled: false }, etagOf(first));
    expect(second.status).toBe(200);
    const remove = (etag?: string) =>
      query.call(path, {
        method: 'DELETE',
        as: admin('versions'),
        headers: etag === undefined ? {} : { 'if-match': etag },
      });
    expect([
      (await remove()).status,
      (await remove(etagOf(first))).status,
      (await remove(etagOf(second))).status,
    ]).toEqual([428, 412, 204]);
    expect((await read('versions')).status).toBe(404);
    expect((await remove('*')).status).toBe(404);
  });

  it('two first saves at once make one webhook with one secret', async () => {
    const answers = await Promise.all([1, 2, 3].map(() => put('twice', { url })));
    const saved = answers.filter(({ status }) => status === 200);
    expect(saved).toHaveLength(1);
    expect(await storedSecret('twice')).toEqual({ kind: 'open', value: saved.map(secretOf)[0] });
  });

  it.each([
    ['http', 'http://hooks.acme.test/'],
    ['an address that is not allowed', 'https://127.0.0.1:9/'],
    ['a metadata service', 'https://169.254.169.254/'],
  ])('refuses %s', async (_name, address) => {
    const answer = await put('guard', { url: address });
    expect([answer.status, Object(answer.body).errors[0].path]).toEqual([422, 'url']);
    expect((await read('guard')).status).toBe(404);
  });

  it('is for settings-admins of the tenant alone', async () => {
    const mine = await put('mine', { url });
    expect(mine.status).toBe(200);
    expect((await read('theirs')).status).toBe(404);
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect((await query.call(path, { method, as: ['mine', 'viewer'] })).status).toBe(403);
    expect((await query.call(`${path}/test`, { method: 'POST', as: ['mine', 'viewer'] })).status).toBe(403);
    expect((await query.call(`${path}/notifications`, { as: ['mine', 'viewer'] })).status).toBe(403);
  });
});

describe('the test message', () => {
  const test = (tenant: string) => query.call(`${path}/test`, { method: 'POST', as: admin(tenant) });

  it('is signed so that the library of the specification verifies it', async () => {
    const secret = secretOf(await put('tester', { url: `${sink.url}/hook`, caPem: sink.caPem }));
    sink.next(scripts.answer(204));
    expect((await test('tester')).body).toEqual({ ok: true, status: 204, code: 'ok', words: '' });
    const request = sink.requests.at(-1);
    if (!request) throw new Error('nothing arrived');
    const verified = new Webhook(String(secret)).verify(request.body.toString('utf8'), request.headers);
    expect(verified).toMatchObject({ type: 'test', tenant: 'tester' });
  });

  it('says what a receiver answered, and is limited', async () => {
    await put('limited', { url: `${sink.url}/hook`, caPem: sink.caPem });
    sink.next(scripts.answer(500, { body: 'out of order' }));
    expect((await test('limited')).body).toEqual({ ok: false, status: 500, code: 'not_2xx', words: 'out of order' });
    // One after the other: fewer may run at once.
    const others: number[] = [];
    for (let at = 0; at < 5; at++) others.push((await test('limited')).status);
    expect(others).toEqual([200, 200, 200, 200, 429]);
    expect((await test('nobody')).status).toBe(404);
  });
});
