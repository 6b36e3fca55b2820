// Reading events: what is found, that a walk is steady while others write, and that nobody sees another tenant's.
import { startQueryUnderTest, type Answer, type QueryUnderTest } from './query-service';
import { storeEvents } from './store-events';

let query: QueryUnderTest;
beforeAll(async () => {
  query = await startQueryUnderTest();
});
afterAll(() => query.stop());

const viewer = (tenant: string) => [tenant, 'viewer'] as const;
const itemsOf = (answer: Answer): readonly Record<string, unknown>[] => Object(answer.body).items;
const cursorOf = (answer: Answer): string | null => Object(answer.body).nextCursor;
const idsOf = (answer: Answer) => itemsOf(answer).map((item) => item['id']);

async function walk(tenant: string, parameters: string, between: () => Promise<unknown> = async () => undefined) {
  const items: Record<string, unknown>[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const answer = await query.call(`/api/v1/events?${parameters}${cursor && `&cursor=${cursor}`}`, {
      as: viewer(tenant),
    });
    expect(answer.status).toBe(200);
    items.push(...itemsOf(answer));
    cursor = cursorOf(answer);
    await between();
  }
  return items;
}

describe('the event list', () => {
  it('is empty for a tenant that has stored nothing', async () => {
    const answer = await query.call('/api/v1/events', { as: viewer('nobody') });
    expect(answer.body).toEqual({ items: [], nextCursor: null });
  });

  it("gives the producer's fields as they were stored, with area, category, receivedAt and seq", async () => {
    const [event] = await storeEvents(query.db, 'shape', [
      { parameters: { '10': 'ten', b: ['x'], count: 3 }, details: 'ünïcode \u2028 line' },
    ]);
    const answer = await query.call('/api/v1/events', { as: viewer('shape') });
    expect(itemsOf(answer)).toEqual([
      { ...event, area: 'workflows', category: expect.any(String), receivedAt: expect.any(String), seq: 1 },
    ]);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(answer.headers.get('cache-control')).toBe('no-store');
  });

  it('is in order of occurrence, newest first, the later stored first where both occurred at once', async () => {
    const at = (second: number) => `2026-11-20T10:00:0${second}.000Z`;
    const events = await storeEvents(
      query.db,
      'order',
      [1, 5, 3, 3, 9].map((second) => ({ occurredAt: at(second) })),
    );
    const [one, five, threeA, threeB, nine] = events.map((event) => event.id);
    expect(idsOf(await query.call('/api/v1/events', { as: viewer('order') }))).toEqual([
      nine,
      five,
      threeB,
      threeA,
      one,
    ]);
  });

  it('is narrowed by each filter and by all together', async () => {
    const [a, b, c] = await storeEvents(query.db, 'filters', [
      { action: 'workflows.workflow_created', occurredAt: '2026-11-20T10:00:00Z', workspace: { name: 'Production' } },
      { action: 'cases.case_viewed', occurredAt: '2026-11-20T11:00:00Z', workspace: { name: 'Pro%' } },
      {
        action: 'cases.case_closed',
        occurredAt: '2026-11-20T12:00:00Z',
        actor: { type: 'user', email: 'joe@acme.test' },
      },
    ]);
    const found = async (parameters: Record<string, string>) =>
      idsOf(
        await query.call(`/api/v1/events?${new URLSearchParams(parameters).toString()}`, { as: viewer('filters') }),
      );
    expect(await found({ area: 'cases' })).toEqual([c?.id, b?.id]);
    expect(await found({ action: 'workflows.workflow_created' })).toEqual([a?.id]);
    expect(await found({ category: 'User actions' })).toEqual([c?.id, b?.id]);
    expect(await found({ workspace: 'Pro%' })).toEqual([b?.id]);
    expect(await found({ actor: 'joe@acme.test' })).toEqual([c?.id]);
    expect(await found({ from: '2026-11-20T11:00:00Z', to: '2026-11-20T12:00:00Z' })).toEqual([b?.id]);
    expect(await found({ from: '2026-11-20T13:00:00+02:00', area: 'cases', actor: 'jane@acme.test' })).toEqual([b?.id]);
  });

  it('shows each event that was there exactly once while others are stored in between, older and newer ones', async () => {
    const minutes = (count: number) =>
      Array.from({ length: count }, (_, i) => ({
        occurredAt: new Date(Date.UTC(2026, 10, 20, 10, i % 7)).toISOString(),
      }));
    const before = await storeEvents(query.db, 'walk', minutes(40));
    const items = await walk('walk', 'limit=7', () => storeEvents(query.db, 'walk', minutes(3)));
    expect(items).toHaveLength(before.length);
    expect(new Set(items.map((item) => item['id']))).toEqual(new Set(before.map((event) => event.id)));
    const times = items.map((item) => String(item['occurredAt']));
    expect(times).toEqual(times.toSorted((a, b) => b.localeCompare(a)));
  });

  it('ends a page early where its events are large, and still shows all of them', async () => {
    const details = 'x'.repeat(1000);
    const parameters = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`p${i}`, details]));
    const stored = await storeEvents(
      query.db,
      'large',
      Array.from({ length: 120 }, () => ({ parameters })),
    );
    const first = await query.call('/api/v1/events?limit=500', { as: viewer('large') });
    expect(itemsOf(first).length).toBeLessThan(stored.length);
    expect(await walk('large', 'limit=500')).toHaveLength(stored.length);
  });

  it('gives no cursor on a last page that is exactly full', async () => {
    await storeEvents(query.db, 'full', [{}, {}, {}]);
    expect(cursorOf(await query.call('/api/v1/events?limit=3', { as: viewer('full') }))).toBeNull();
  });
});

describe('a cursor', () => {
  const page = '/api/v1/events?area=workflows&limit=1';
  let cursor: string;
  beforeAll(async () => {
    await storeEvents(query.db, 'cursors', [{}, {}, {}]);
    await storeEvents(query.db, 'others', [{}, {}, {}]);
    cursor = cursorOf(await query.call(page, { as: viewer('cursors') })) ?? '';
  });

  it('goes on with another page size', async () => {
    const answer = await query.call(`/api/v1/events?area=workflows&limit=2&cursor=${cursor}`, {
      as: viewer('cursors'),
    });
    expect(itemsOf(answer).map((item) => item['seq'])).toEqual([2, 1]);
  });

  it.each([
    ['of another tenant', () => [`${page}&cursor=${cursor}`, 'others'] as const],
    ['with another filter', () => [`/api/v1/events?area=cases&cursor=${cursor}`, 'cursors'] as const],
    ['without its filter', () => [`/api/v1/events?cursor=${cursor}`, 'cursors'] as const],
    ['cut short', () => [`${page}&cursor=${cursor.slice(0, -2)}`, 'cursors'] as const],
    ['altered', () => [`${page}&cursor=${cursor.startsWith('A') ? 'B' : 'A'}${cursor.slice(1)}`, 'cursors'] as const],
    ['made up', () => [`${page}&cursor=WzEsMiwzXQ`, 'cursors'] as const],
  ])('is refused %s', async (_name, request) => {
    const [path, tenant] = request();
    const answer = await query.call(path, { as: viewer(tenant) });
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      type: 'https://auditlane.dev/problems/invalid-cursor',
      errors: [{ path: 'cursor', message: expect.any(String) }],
    });
  });
});

describe('tenants', () => {
  it('see their own events only, in the list and by id, and cannot tell foreign from absent', async () => {
    const [mine] = await storeEvents(query.db, 'tenant-a', [{ id: 'a b/c?ü' }]);
    const [foreign] = await storeEvents(query.db, 'tenant-b', [{ id: 'of-b' }]);
    expect(idsOf(await query.call('/api/v1/events', { as: viewer('tenant-a') }))).toEqual([mine?.id]);
    const own = await query.call(`/api/v1/events/${encodeURIComponent('a b/c?ü')}`, { as: viewer('tenant-a') });
    expect(own.body).toMatchObject({ id: 'a b/c?ü', tenantId: 'tenant-a', seq: 1 });

    const others = await query.call(`/api/v1/events/${foreign?.id}`, { as: viewer('tenant-a') });
    const absent = await query.call('/api/v1/events/no-such', { as: viewer('tenant-a') });
    expect(others.status).toBe(404);
    expect(others.text).toBe(absent.text);
  });

  it('are not changed by naming another one in the request', async () => {
    const named = await query.call('/api/v1/events?tenantId=tenant-b', { as: viewer('tenant-a') });
    expect(named.status).toBe(400);
    const header = await query.call('/api/v1/events', {
      as: viewer('tenant-a'),
      headers: { 'x-tenant-id': 'tenant-b' },
    });
    expect(itemsOf(header).map((item) => item['tenantId'])).toEqual(['tenant-a']);
  });

  it('are kept apart by the database too: without the tenant set, the role of this service sees nothing', async () => {
    await storeEvents(query.db, 'tenant-c', [{}]);
    const client = await query.db.pool.connect();
    try {
      await client.query('set role auditlane_query');
      for (const table of ['audit.events', 'audit.tenant_head', 'settings.destinations'])
        expect((await client.query(`select * from ${table}`)).rows).toEqual([]);
    } finally {
      await client.query('reset role');
      client.release();
    }
  });
});

describe('the catalogue', () => {
  it('has 14 areas with 92 actions', async () => {
    const answer = await query.call('/api/v1/catalogue', { as: viewer('acme') });
    const areas: readonly { actions: readonly unknown[] }[] = Object(answer.body).areas;
    expect([areas.length, areas.flatMap((area) => area.actions).length]).toEqual([14, 92]);
  });
});
