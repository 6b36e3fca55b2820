// Filters over REST: a bad one is refused with its place, a good one kept in canonical form, and a preview says what it would have sent.
import { catalogue } from '@auditlane/contracts';
import { startQueryUnderTest, type Answer, type QueryUnderTest } from './query-service';
import { storeEvents } from './store-events';

let query: QueryUnderTest;
beforeAll(async () => {
  query = await startQueryUnderTest({ AUDITLANE_EGRESS_ALLOW: 'siem.acme.test:443' });
});
afterAll(async () => {
  await query.stop();
});

const path = '/api/v1/destinations';
const admin = (tenant: string) => [tenant, 'settings-admin'] as const;
const destination = (changed: Record<string, unknown> = {}) => ({
  name: 'SIEM',
  type: 'http',
  enabled: true,
  url: 'https://siem.acme.test/events',
  token: 'canary-token-of-sixteen-or-more',
  ...changed,
});
const create = (tenant: string, changed: Record<string, unknown>) =>
  query.call(path, { method: 'POST', as: admin(tenant), json: destination(changed) });
const preview = (tenant: string, json: Record<string, unknown>) =>
  query.call(`${path}/preview`, { method: 'POST', as: admin(tenant), json: { type: 'http', ...json } });
const bodyOf = (answer: Answer): Record<string, unknown> => {
  expect([answer.status, answer.text]).toEqual([200, expect.anything()]);
  return Object(answer.body);
};

describe('saving a filter', () => {
  it('keeps its canonical form, and shows that', async () => {
    const answer = await create('keeps', {
      filter: ' Action:workflows.*  category:"Setting updates" NOT actor:joe@acme.test ',
    });
    expect(answer.status).toBe(201);
    const canonical = 'action:workflows.* category:setting_updates -actor:joe@acme.test';
    expect(answer.body).toMatchObject({ filter: canonical });
    const { id, ...saved } = Object(answer.body);
    const changed = await query.call(`${path}/${id}`, {
      method: 'PUT',
      as: admin('keeps'),
      headers: { 'if-match': answer.headers.get('etag') ?? '' },
      json: destination({ filter: '  ', token: undefined, name: saved.name }),
    });
    expect(changed.body).toMatchObject({ filter: null });
  });

  it.each([
    ['actr:jane', { code: 'unknown_field', start: 0, end: 4, suggestion: 'actor' }],
    [
      'action:workflow.workflow_created',
      { code: 'unknown_value', start: 7, end: 32, suggestion: 'workflows.workflow_created' },
    ],
    ['after:-7d', { code: 'relative_date', start: 6, end: 9 }],
    ['"open', { code: 'unclosed_quote', start: 0, end: 5 }],
    ['actor:a*b', { code: 'bad_prefix', start: 6, end: 9, suggestion: '"a*b"' }],
  ])('refuses %j with its place', async (filter, fault) => {
    const answer = await create('refuses', { filter });
    expect(answer.status).toBe(422);
    expect(answer.body).toMatchObject({ errors: [{ path: 'filter', ...fault }] });
  });

  it('lets a destination be switched off whose filter only another version can read', async () => {
    const saved = await create('other-version', { filter: 'area:cases' });
    const { id } = Object(saved.body);
    await query.db.pool.query(`update settings.destinations set filter = 'planet:mars' where id = $1`, [id]);
    const read = await query.call(`${path}/${id}`, { as: admin('other-version') });
    const put = (enabled: boolean) =>
      query.call(`${path}/${id}`, {
        method: 'PUT',
        as: admin('other-version'),
        headers: { 'if-match': read.headers.get('etag') ?? '' },
        json: destination({ enabled, filter: 'planet:mars', token: undefined }),
      });
    expect((await put(true)).status).toBe(422);
    const off = await put(false);
    expect(off.status).toBe(200);
    expect(off.body).toMatchObject({ enabled: false, filter: 'planet:mars' });
  });
});

describe('a preview', () => {
  const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
  const hour = 3_600_000;

  it('counts what the filter finds of the last day, by action, and shows the newest as it would be sent', async () => {
    await storeEvents(query.db, 'counts', [
      { occurredAt: ago(25 * hour) },
      { occurredAt: ago(3 * hour) },
      { occurredAt: ago(2 * hour), parameters: { role: 'admin' } },
      { occurredAt: ago(hour), action: 'cases.case_viewed' },
      { occurredAt: ago(hour), action: 'cases.case_viewed', parameters: { role: ['Admin'] } },
    ]);
    const all = bodyOf(await preview('counts', {}));
    expect(all).toMatchObject({ filter: null, matched: 4, total: 4, atLeast: false });
    const some = bodyOf(await preview('counts', { filter: 'param.role:admin', url: 'https://siem.acme.test/in' }));
    expect(some).toMatchObject({
      filter: 'param.role:admin',
      matched: 2,
      total: 4,
      atLeast: false,
      actions: [
        { action: 'cases.case_viewed', name: 'Case viewed', matched: 1, total: 2 },
        { action: 'workflows.workflow_created', name: 'Workflow created', matched: 1, total: 2 },
      ],
      sample: {
        madeUp: false,
        seq: 5,
        request: { method: 'POST', url: 'https://siem.acme.test/in', bodyTruncated: false },
      },
    });
    const { request } = Object(some['sample']);
    expect(JSON.parse(request.body)).toMatchObject([
      { seq: 5, area: 'cases', action: 'cases.case_viewed', tenantId: 'counts' },
    ]);
  });

  it.each([
    ['http', { format: 'ndjson' }, /^\{"seq":1,.*\}\n$/],
    ['splunk', { index: 'audit' }, /"index":"audit","event":\{.*"fields":\{/],
    ['elasticsearch', { auth: 'basic' }, /^\{"create":\{"_id":".{43}"\}\}\n\{"@timestamp"/],
  ])('shows the form of %s by a made-up event where there is none, without a token', async (type, options, body) => {
    const shown = bodyOf(await preview('empty', { type, options, filter: 'area:users' }));
    expect(shown).toMatchObject({
      matched: 0,
      total: 0,
      atLeast: false,
      actions: [],
      sample: { madeUp: true, seq: null },
    });
    const { request } = Object(shown['sample']);
    expect(request.body).toMatch(body);
    expect(request.body).toContain('"action":"users.');
    expect(Object.keys(request.headers).map((name) => name.toLowerCase())).not.toContain('authorization');
    expect(JSON.stringify(shown)).not.toContain('without-token');
  });

  it('shows nothing of another tenant', async () => {
    await storeEvents(query.db, 'theirs', [{ details: 'a secret of theirs' }]);
    const shown = bodyOf(await preview('mine', { filter: 'secret' }));
    expect(shown).toMatchObject({ matched: 0, total: 0, sample: { madeUp: true } });
  });

  it('is for those only who may set up destinations', async () => {
    const viewer = await query.call(`${path}/preview`, {
      method: 'POST',
      as: ['mine', 'viewer'],
      json: { type: 'http' },
    });
    expect(viewer.status).toBe(403);
    expect((await query.call(`${path}/preview`, { method: 'POST', json: { type: 'http' } })).status).toBe(401);
  });

  it.each([
    ['a bad filter', { filter: 'area:' }, 422, 'filter'],
    ['a bad URL', { url: 'http://siem.acme.test/' }, 422, 'url'],
    ['an unknown option', { options: { colour: 'red' } }, 400, 'options.colour'],
  ])('is refused for %s', async (_what, json, status, fault) => {
    const answer = await preview('mine', json);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ errors: [{ path: fault }] });
  });

  it('finds by each of its terms what the list of events finds', async () => {
    const actions = catalogue.flatMap((area) => area.actions.map(({ key }) => key)).slice(0, 30);
    await storeEvents(
      query.db,
      'same',
      actions.map((action) => ({ action })),
    );
    for (const { key } of catalogue.slice(0, 3)) {
      const listed = await query.call(`/api/v1/events?area=${key}`, { as: ['same', 'viewer'] });
      const shown = bodyOf(await preview('same', { filter: `area:${key}` }));
      expect(shown['matched']).toBe(Object(listed.body).items.length);
    }
  });
});
