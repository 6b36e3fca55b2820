// A destination's life over REST: written against a version, its token never read back and never sent to another host.
import { KeyRing } from '@auditlane/secrets';
import { join } from 'node:path';
import { Sink, freePort } from '@auditlane/testing';
import { startQueryUnderTest, type Answer, type QueryUnderTest } from './query-service';
import { storeEvents } from './store-events';

let query: QueryUnderTest;
let sink: Sink;
let closedPort: number;
beforeAll(async () => {
  sink = await Sink.start({ face: 'hec', token: 'canary-token-of-the-sink' });
  closedPort = await freePort();
  query = await startQueryUnderTest({
    AUDITLANE_EGRESS_ALLOW: `127.0.0.1:${sink.port},127.0.0.1:${closedPort},siem.acme.test:443,siem.acme.test:8443`,
    AUDITLANE_EGRESS_OWN_NAMES: 'audit.acme.test',
    AUDITLANE_DESTINATIONS_PER_TENANT: '3',
    AUDITLANE_TESTS_PER_MINUTE: '8',
  });
});
afterAll(async () => {
  await query.stop();
  await sink.close();
});

const path = '/api/v1/destinations';
const admin = (tenant: string) => [tenant, 'settings-admin'] as const;
const body = (changed: Record<string, unknown> = {}) => ({
  name: 'SIEM',
  type: 'http',
  enabled: true,
  url: 'https://siem.acme.test/events',
  token: 'canary-token-of-sixteen-or-more',
  ...changed,
});
const without = (key: string, from: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(from).filter(([name]) => name !== key));
const create = (tenant: string, changed: Record<string, unknown> = {}) =>
  query.call(path, { method: 'POST', as: admin(tenant), json: body(changed) });
const put = (tenant: string, id: string, etag: string | null, json: unknown) =>
  query.call(`${path}/${id}`, {
    method: 'PUT',
    as: admin(tenant),
    json,
    headers: etag === null ? {} : { 'if-match': etag },
  });
const idOf = (answer: Answer): string => Object(answer.body).id;
const etagOf = (answer: Answer): string => answer.headers.get('etag') ?? '';
const faultPaths = (answer: Answer): readonly string[] =>
  (Object(answer.body).errors ?? []).map((fault: { path: string }) => fault.path);

async function created(tenant: string, changed: Record<string, unknown> = {}): Promise<{ id: string; etag: string }> {
  const answer = await create(tenant, changed);
  expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
  return { id: idOf(answer), etag: etagOf(answer) };
}

async function rowOf(id: string): Promise<Record<string, unknown>> {
  const { rows } = await query.db.pool.query('select * from settings.destinations where id = $1', [id]);
  return rows[0];
}

async function openedToken(id: string): Promise<unknown> {
  const row = await rowOf(id);
  const keyRing = KeyRing.load(join(query.dataDir, 'key-ring.json'));
  const place = {
    tenant: String(row['tenant_id']),
    destination: id,
    field: 'token',
    version: Object(row['token']).version,
  };
  return keyRing.open(row['token'], place);
}

describe('creating', () => {
  it('answers with what was saved, its ETag and its address, but never the token', async () => {
    const answer = await create('create');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${path}/${idOf(answer)}`);
    expect(answer.body).toMatchObject({
      name: 'SIEM',
      tokenLast4: 'more',
      startSeq: 1,
      applied: false,
      appliedVersion: null,
      health: { state: 'starting', lagEvents: 0 },
    });
    expect(etagOf(answer)).toBe(`"${Object(answer.body).version}"`);
    const read = await query.call(`${path}/${idOf(answer)}`, { as: admin('create') });
    const list = await query.call(path, { as: admin('create') });
    for (const { text } of [answer, read, list]) expect(text).not.toContain('canary-token-of-sixteen');
    expect(Object(list.body).items).toEqual([read.body]);
    expect(JSON.stringify(await rowOf(idOf(answer)))).not.toContain('canary-token-of-sixteen');
    expect(await openedToken(idOf(answer))).toEqual({ kind: 'open', value: 'canary-token-of-sixteen-or-more' });
    expect(query.service.logs()).not.toContain('canary-token-of-sixteen');
  });

  it("starts with the tenant's next event, in the version that it was saved in", async () => {
    await storeEvents(query.db, 'start', [{}, {}, {}]);
    const { id } = await created('start');
    const row = await rowOf(id);
    expect([row['start_seq'], row['start_version']]).toEqual(['4', row['version']]);
  });

  it('takes several of one type and stops at the quota, also when all come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => create('quota')));
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 201, 201, 409, 409, 409]);
  });

  it.each([
    ['a private address', { url: 'https://10.0.0.1/' }, 'url'],
    ['the metadata service', { url: 'https://169.254.169.254/latest' }, 'url'],
    ['this machine', { url: 'https://127.0.0.1/' }, 'url'],
    ['plain HTTP', { url: 'http://siem.acme.test/events' }, 'url'],
    ['a user name in the URL', { url: 'https://a:b@siem.acme.test/' }, 'url'],
    ['this installation itself', { url: 'https://audit.acme.test/' }, 'url'],
    ['no token', { token: undefined }, 'token'],
    ['a token of other letters', { token: 'tökén-of-sixteen' }, 'token'],
    ['the mask as token', { token: '••••more' }, 'token'],
    ['a token with its scheme', { token: 'Bearer abcdefgh' }, 'token'],
    ['a token with a line break', { token: 'abc\r\nx: y' }, 'token'],
    ['a broken certificate', { caPem: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' }, 'caPem'],
  ])('with %s is refused by name', async (_name, changed, fault) => {
    const answer = await create('refused', changed);
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ type: 'https://auditlane.dev/problems/refused-settings' });
    expect(faultPaths(answer)).toEqual([fault]);
  });

  it.each([
    ['empty', ''],
    ['begun by a blank', ' canary-token-of-sixteen'],
    ['ended by a blank', 'canary-token-of-sixteen '],
    ['of 10 kB', 'x'.repeat(10_240)],
  ])('with a token that is %s is a bad request', async (_name, token) => {
    const answer = await create('refused', { token });
    expect([answer.status, [...new Set(faultPaths(answer))]]).toEqual([400, ['token']]);
  });

  it('takes nothing that is not a setting', async () => {
    const answer = await create('refused', { tenantId: 'other', version: 1, verified: true });
    expect([answer.status, faultPaths(answer).toSorted()]).toEqual([400, ['tenantId', 'verified', 'version']]);
  });
});

describe('changing', () => {
  it('needs If-Match, of the version that is there', async () => {
    const { id, etag } = await created('versions');
    const change = without('token', body({ name: 'Renamed' }));
    expect((await put('versions', id, null, change)).status).toBe(428);
    expect((await put('versions', id, '"0"', change)).status).toBe(412);
    const saved = await put('versions', id, etag, change);
    expect([saved.status, saved.body]).toEqual([200, expect.objectContaining({ name: 'Renamed', tokenLast4: 'more' })]);
    expect((await put('versions', id, etag, change)).status).toBe(412);
    expect((await put('versions', id, etagOf(saved), change)).status).toBe(200);
  });

  it('by two at the same moment succeeds for one of them', async () => {
    const { id, etag } = await created('race');
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => put('race', id, etag, without('token', body({ name })))),
    );
    expect(answers.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 412, 412, 412]);
  });

  it('keeps the token on the same host, and asks for it again on another host or port', async () => {
    const { id, etag } = await created('tokens');
    const moved = await put('tokens', id, etag, without('token', body({ url: 'https://siem.acme.test/other' })));
    expect(moved.status).toBe(200);
    expect(await openedToken(id)).toMatchObject({ value: 'canary-token-of-sixteen-or-more' });
    for (const url of ['https://evil.test/events', 'https://siem.acme.test:8443/events']) {
      const answer = await put('tokens', id, etagOf(moved), without('token', body({ url })));
      expect([answer.status, faultPaths(answer)]).toEqual([422, ['token']]);
    }
    const withToken = await put(
      'tokens',
      id,
      etagOf(moved),
      body({ url: 'https://siem.acme.test:8443/events', token: 'canary-token-another-9876' }),
    );
    expect(withToken.body).toMatchObject({ tokenLast4: '9876' });
    expect(await openedToken(id)).toMatchObject({ value: 'canary-token-another-9876' });
  });

  it('does not take the mask for a token, nor another type', async () => {
    const { id, etag } = await created('masks');
    expect(faultPaths(await put('masks', id, etag, body({ token: '****more' })))).toEqual(['token']);
    expect(faultPaths(await put('masks', id, etag, without('token', body({ type: 'splunk' }))))).toContain('type');
    expect(await openedToken(id)).toMatchObject({ value: 'canary-token-of-sixteen-or-more' });
  });

  it.each([
    ['whose token cannot be opened', `token = jsonb_set(token, '{kek}', '"lost"')`, 'token'],
    ['whose address is refused by now', `url = 'https://10.0.0.1/'`, 'url'],
  ])('disables a destination %s, and enables it only once that is repaired', async (fault, damage, path) => {
    const tenant = `broken-${path}`;
    const { id } = await created(tenant, {});
    await query.db.pool.query(`update settings.destinations set ${damage} where id = $1`, [id]);
    const read = await query.call(`/api/v1/destinations/${id}`, { as: admin(tenant) });
    const change = without('token', body({ url: Object(read.body).url }));
    const stillEnabled = await put(tenant, id, etagOf(read), change);
    expect([fault, stillEnabled.status, faultPaths(stillEnabled)]).toEqual([fault, 422, [path]]);
    const disabled = await put(tenant, id, etagOf(read), { ...change, enabled: false });
    expect([disabled.status, Object(disabled.body).enabled]).toEqual([200, false]);
    expect(faultPaths(await put(tenant, id, etagOf(disabled), change))).toEqual([path]);
  });

  it('enables again where delivery stopped, or from now on', async () => {
    await storeEvents(query.db, 'resume', [{}]);
    const { id, etag } = await created('resume', { enabled: false });
    await storeEvents(query.db, 'resume', [{}, {}]);
    const change = without('token', body());
    const early = await put('resume', id, etag, { ...change, enabled: false, resume: 'from_now' });
    expect([early.status, faultPaths(early)]).toEqual([422, ['resume']]);
    const stopped = await put('resume', id, etag, { ...change, resume: 'where_stopped' });
    expect(stopped.body).toMatchObject({ enabled: true, startSeq: 2 });
    const disabled = await put('resume', id, etagOf(stopped), { ...change, enabled: false });
    expect(disabled.body).toMatchObject({ health: { state: 'disabled' } });
    const fromNow = await put('resume', id, etagOf(disabled), { ...change, resume: 'from_now' });
    expect(fromNow.body).toMatchObject({ startSeq: 4 });
    const row = await rowOf(id);
    expect(row['start_version']).toBe(row['version']);
  });

  it('tells the forwarders in every transaction, in order of the versions', async () => {
    const client = await query.db.pool.connect();
    const heard: number[] = [];
    client.on('notification', (message) => heard.push(Number(message.payload)));
    try {
      await client.query('listen settings_changed');
      const { id, etag } = await created('notify');
      const changed = await put('notify', id, etag, without('token', body({ name: 'B' })));
      await query.call(`${path}/${id}`, {
        method: 'DELETE',
        as: admin('notify'),
        headers: { 'if-match': etagOf(changed) },
      });
      await client.query('select 1');
      expect(heard).toHaveLength(3);
      expect(heard).toEqual(heard.toSorted((a, b) => a - b));
    } finally {
      client.release(true);
    }
  });
});

describe('deleting', () => {
  it('needs If-Match, and takes its delivery state with it', async () => {
    const { id, etag } = await created('deleted');
    await query.db.pool.query(
      `insert into delivery.cursor (destination_id, tenant_id, next_seq, state, reason) values ($1, 'deleted', 1, 'parked', 'busy')`,
      [id],
    );
    const remove = (ifMatch: string | undefined) =>
      query.call(`${path}/${id}`, {
        method: 'DELETE',
        as: admin('deleted'),
        headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
      });
    expect((await remove(undefined)).status).toBe(428);
    expect((await remove('"0"')).status).toBe(412);
    expect((await remove(etag)).status).toBe(204);
    expect((await remove(etag)).status).toBe(404);
    expect((await query.db.pool.query('select 1 from delivery.cursor where destination_id = $1', [id])).rowCount).toBe(
      0,
    );
  });
});

describe('another tenant', () => {
  it('finds, changes and deletes nothing, and is told the same as for what does not exist', async () => {
    const { id, etag } = await created('owner');
    const absent = '00000000-0000-4000-8000-000000000000';
    for (const call of [
      { method: 'GET' },
      { method: 'PUT', json: body(), headers: { 'if-match': etag } },
      { method: 'DELETE', headers: { 'if-match': etag } },
    ]) {
      const foreign = await query.call(`${path}/${id}`, { ...call, as: admin('stranger') });
      const missing = await query.call(`${path}/${absent}`, { ...call, as: admin('stranger') });
      expect([foreign.status, foreign.text]).toEqual([404, missing.text]);
    }
    expect(Object((await query.call(path, { as: admin('stranger') })).body).items).toEqual([]);
    const tested = await query.call(`${path}/test`, {
      method: 'POST',
      as: admin('stranger'),
      json: { type: 'http', url: body().url, destinationId: id },
    });
    expect(tested.status).toBe(404);
  });
});

describe('what the forwarders report', () => {
  it('is shown: applied once every live replica has the version, and the health of each', async () => {
    const { id } = await created('reports');
    await storeEvents(query.db, 'reports', [{}, {}, {}]);
    const shown = async () => Object((await query.call(`${path}/${id}`, { as: admin('reports') })).body);
    const { version } = await shown();
    const replica = (instance: string, applied: number, age: string) =>
      query.db.pool.query(
        `insert into delivery.replica values ('auditlane.forwarder-http', $1, $2, now() - $3::interval)
         on conflict ("group", instance) do update set settings_version = excluded.settings_version, seen_at = excluded.seen_at`,
        [instance, applied, age],
      );
    await replica('a', version, '1 s');
    await replica('b', version - 1, '1 s');
    await replica('gone', 0, '31 s');
    expect(await shown()).toMatchObject({ applied: false, appliedVersion: version - 1 });
    await replica('b', version + 5, '0 s');
    expect(await shown()).toMatchObject({ applied: true, appliedVersion: version });

    await query.db.pool.query(
      `insert into delivery.status (destination_id, tenant_id, delivered_through, state, reason, words, oldest_unsent_at)
       values ($1, 'reports', 1, 'failing', 'credentials_refused', 'Invalid token', now())`,
      [id],
    );
    expect(await shown()).toMatchObject({
      health: { state: 'failing', reason: 'credentials_refused', words: 'Invalid token', lagEvents: 2 },
    });
  });
});

describe('testing a connection', () => {
  const test = (tenant: string, changed: Record<string, unknown>) =>
    query.call(`${path}/test`, {
      method: 'POST',
      as: admin(tenant),
      json: { type: 'splunk', url: sink.url, token: sink.token, caPem: sink.caPem, ...changed },
    });
  const stagesOf = (answer: Answer) =>
    Object(answer.body).stages.map(({ stage, state }: { stage: string; state: string }) => `${stage}:${state}`);

  it('passes every stage at a receiver that takes the token, and writes no event there', async () => {
    const answer = await test('tester', {});
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"ok":true')]);
    expect(stagesOf(answer).slice(0, 4)).toEqual(['policy:ok', 'dns:ok', 'tcp:ok', 'tls:ok']);
    expect(sink.received()).toEqual([]);
  });

  it('stops at the stage that fails, says why and what to do', async () => {
    const refused = await test('tester', { token: 'canary-token-another' });
    expect(stagesOf(refused)).toContain('authentication:failed');
    const untrusted = await test('tester', { caPem: null });
    expect(stagesOf(untrusted).slice(0, 4)).toEqual(['policy:ok', 'dns:ok', 'tcp:ok', 'tls:failed']);
    const closed = await test('tester', { url: `https://127.0.0.1:${closedPort}` });
    expect(stagesOf(closed).slice(0, 4)).toEqual(['policy:ok', 'dns:ok', 'tcp:failed', 'tls:not_reached']);
    for (const answer of [refused, untrusted, closed]) {
      expect(answer.body).toMatchObject({ ok: false });
      expect(Object(answer.body).stages.find(({ state }: { state: string }) => state === 'failed')).toMatchObject({
        code: expect.stringMatching(/./),
        detail: expect.stringMatching(/./),
        fix: expect.stringMatching(/./),
      });
    }
  });

  it('does not try what could not be saved', async () => {
    const before = sink.connections;
    const answer = await test('tester', { token: 'a token with blanks' });
    expect([answer.status, faultPaths(answer)]).toEqual([422, ['token']]);
    expect(sink.connections).toBe(before);
  });

  it('uses the stored token for the host it was entered for, and for no other', async () => {
    const { id } = await created('stored', { type: 'splunk', url: sink.url, token: sink.token, caPem: sink.caPem });
    const same = await test('stored', { token: undefined, destinationId: id });
    expect(same.body).toMatchObject({ ok: true });
    const other = await test('stored', { token: undefined, destinationId: id, url: `https://127.0.0.1:${closedPort}` });
    expect([other.status, faultPaths(other)]).toEqual([422, ['token']]);
  });

  it('is limited for each tenant', async () => {
    const answers: Answer[] = [];
    for (let i = 0; i < 9; i++) answers.push(await test('eager', { url: 'https://127.0.0.1:1/' }));
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 429]);
    expect(Number(answers.at(-1)?.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});
