// Replays and dead letters over REST: what is started and what is said of it. No forwarder runs here: its tables are written by the tests.
import { randomUUID } from 'node:crypto';
import { eventually } from '@auditlane/testing';
import { startQueryUnderTest, type Answer, type QueryUnderTest } from './query-service';
import { storeEvents } from './store-events';

let query: QueryUnderTest;
beforeAll(async () => {
  query = await startQueryUnderTest({ AUDITLANE_REPLAYS_PER_TENANT: '3' });
});
afterAll(() => query.stop());

const admin = (tenant: string) => [tenant, 'settings-admin'] as const;
const post = (tenant: string, path: string, json: unknown) =>
  query.call(`/api/v1${path}`, { method: 'POST', as: admin(tenant), json });
const get = (tenant: string, path: string) => query.call(`/api/v1${path}`, { as: admin(tenant) });
const itemsOf = (answer: Answer): Record<string, unknown>[] => Object(answer.body).items;
const idOf = (answer: Answer): string => Object(answer.body).id;
const faultPaths = (answer: Answer): readonly string[] =>
  (Object(answer.body).errors ?? []).map((fault: { path: string }) => fault.path);

async function destinationOf(tenant: string): Promise<string> {
  const json = {
    type: 'splunk',
    name: 'SIEM',
    enabled: true,
    url: 'https://siem.acme.test:8088',
    token: 'hec-token-secret',
  };
  const answer = await post(tenant, '/destinations', json);
  expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
  return idOf(answer);
}

/** Retention takes whole days: here, what a tenant stored so far is moved to a day that is dropped. */
async function removeStored(tenant: string, through: number): Promise<void> {
  const { pool } = query.db;
  await pool.query('alter table audit.events disable trigger append_only');
  await pool.query('delete from audit.events where tenant_id = $1 and seq <= $2', [tenant, through]);
  await pool.query('alter table audit.events enable trigger append_only');
}

async function addLetters(
  tenant: string,
  destination: string,
  seqs: readonly number[],
  reason = 'receiver_refused_event',
) {
  await query.db.pool.query(
    `insert into delivery.dead_letter (destination_id, tenant_id, seq, event_id, reason, code, words, excerpt)
     select $1, $2, seq, 'event-' || seq, $4, '6', 'Invalid data format', '{"action":' from unnest($3::bigint[]) seq`,
    [destination, tenant, seqs, reason],
  );
}

async function setProgress(
  id: string,
  tenant: string,
  state: string,
  more: Record<string, unknown> = {},
): Promise<void> {
  const row = { next_seq: 1, delivered: 0, dead_lettered: 0, unwanted: 0, missing: 0, reason: '', words: '', ...more };
  await query.db.pool.query(
    `insert into delivery.replay_progress (replay_id, tenant_id, state, next_seq, delivered, dead_lettered, unwanted, missing, reason, words)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
     on conflict (replay_id) do update set state = excluded.state, next_seq = excluded.next_seq`,
    [id, tenant, state, ...Object.values(row)],
  );
}

describe('starting a replay', () => {
  it('takes seqs, says where it is to be found, and raises the version that forwarders go by', async () => {
    await storeEvents(query.db, 'start', [{}, {}, {}, {}, {}]);
    const id = await destinationOf('start');
    const before = await query.db.pool.query('select version from settings.version');
    const answer = await post('start', `/destinations/${id}/replays`, { kind: 'range', from: 2, to: 4 });
    expect([answer.status, answer.body]).toEqual([
      201,
      {
        id: expect.any(String),
        destinationId: id,
        kind: 'range',
        fromSeq: 2,
        toSeq: 4,
        wish: 'run',
        state: 'queued',
        reason: null,
        words: null,
        events: 3,
        nextSeq: 2,
        delivered: 0,
        deadLettered: 0,
        unwanted: 0,
        missing: 0,
        removed: null,
        requestedBy: expect.any(String),
        createdAt: expect.any(String),
        updatedAt: null,
      },
    ]);
    expect(answer.headers.get('location')).toBe(`/api/v1/destinations/${id}/replays/${idOf(answer)}`);
    expect((await get('start', `/destinations/${id}/replays/${idOf(answer)}`)).body).toEqual(answer.body);
    const after = await query.db.pool.query('select version from settings.version');
    expect(Number(after.rows[0].version)).toBe(Number(before.rows[0].version) + 1);
    const row = await query.db.pool.query('select version from delivery.replay where id = $1', [idOf(answer)]);
    expect(row.rows[0].version).toBe(after.rows[0].version);
  });

  it('takes times, and covers every event that was received between them', async () => {
    const id = await destinationOf('times');
    const at: string[] = [];
    for (let seq = 1; seq <= 6; seq++) {
      await storeEvents(query.db, 'times', [{}]);
      const { rows } = await query.db.pool.query(
        `select received_at as at from audit.events where tenant_id = 'times' and seq = $1`,
        [seq],
      );
      at[seq] = rows[0].at.toISOString();
      await eventually(() => Date.now() > rows[0].at.getTime(), { everyMs: 1 });
    }
    const estimate = (from: unknown, to: unknown) =>
      post('times', `/destinations/${id}/replays/estimate`, { kind: 'range', from, to });
    expect((await estimate(at[3], at[4])).body).toEqual({
      fromSeq: 3,
      toSeq: 4,
      events: 2,
      missing: null,
      estimatedBytes: expect.any(Number),
    });
    expect((await estimate('2000-01-01T00:00:00Z', '2100-01-01T00:00:00Z')).body).toMatchObject({
      fromSeq: 1,
      toSeq: 6,
    });
    expect((await estimate(2, 99)).body).toMatchObject({ fromSeq: 2, toSeq: 6, events: 5 });
    expect((await estimate('2100-01-01T00:00:00Z', '2100-01-02T00:00:00Z')).status).toBe(409);
    expect((await estimate('2000-01-01T00:00:00Z', '2000-01-02T00:00:00Z')).status).toBe(409);
  });

  it('says what retention has removed, before and when it is started', async () => {
    const id = await destinationOf('removed');
    await storeEvents(
      query.db,
      'removed',
      Array.from({ length: 8 }, () => ({})),
    );
    await removeStored('removed', 3);
    const body = { kind: 'range', from: 2, to: 6 };
    expect((await post('removed', `/destinations/${id}/replays/estimate`, body)).body).toMatchObject({
      fromSeq: 2,
      toSeq: 6,
      events: 3,
      missing: { fromSeq: 2, toSeq: 3 },
    });
    const started = await post('removed', `/destinations/${id}/replays`, body);
    expect(started.body).toMatchObject({ events: 5, removed: { fromSeq: 2, toSeq: 3 } });
    const gone = await post('removed', `/destinations/${id}/replays`, { ...body, to: 3 });
    expect([gone.status, Object(gone.body).detail]).toEqual([409, expect.stringContaining('Retention')]);
  });

  it('starts one only, however often a request with the same id is sent', async () => {
    const id = await destinationOf('again');
    await storeEvents(query.db, 'again', [{}, {}]);
    const body = { id: randomUUID(), kind: 'range', from: 1, to: 2 };
    const answers = await Promise.all([1, 2, 3].map(() => post('again', `/destinations/${id}/replays`, body)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 201]);
    expect(new Set(answers.map(idOf))).toEqual(new Set([body.id]));
    const stranger = await destinationOf('again-too');
    await storeEvents(query.db, 'again-too', [{}]);
    expect((await post('again-too', `/destinations/${stranger}/replays`, { ...body, to: 1 })).status).toBe(409);
  });

  it('stops at the quota, also when all come at once, and goes on when one is over', async () => {
    const id = await destinationOf('quota');
    await storeEvents(query.db, 'quota', [{}]);
    const start = () => post('quota', `/destinations/${id}/replays`, { kind: 'range', from: 1, to: 1 });
    const answers = await Promise.all([1, 2, 3, 4, 5].map(start));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 201, 409, 409]);
    const first = answers.find(({ status }) => status === 201);
    if (first) await setProgress(idOf(first), 'quota', 'completed', { next_seq: 2, delivered: 1 });
    expect((await start()).status).toBe(201);
  });

  it.each([
    ['no kind', {}, ['kind']],
    ['a seq of nothing', { kind: 'range', from: 0, to: 1 }, ['from']],
    ['a time without its zone', { kind: 'range', from: 1, to: '2026-11-23T10:00:00' }, ['to']],
    ['an id that is none', { kind: 'range', from: 1, to: 1, id: 'mine' }, ['id']],
    ['no letters', { kind: 'dead_letters', seqs: [] }, ['seqs']],
    ['something else', { kind: 'range', from: 1, to: 1, wish: 'run' }, ['wish']],
  ])('refuses %s', async (_what, json, paths) => {
    const id = await destinationOf(`bad-${randomUUID()}`.slice(0, 20));
    const answer = await post('start', `/destinations/${id}/replays`, json);
    expect([answer.status, faultPaths(answer)]).toEqual([400, paths]);
  });
});

describe('steering a replay', () => {
  const wish = (tenant: string, id: string, replay: string, wanted: string) =>
    query.call(`/api/v1/destinations/${id}/replays/${replay}`, {
      method: 'PUT',
      as: admin(tenant),
      json: { wish: wanted },
    });

  it('pauses, resumes and cancels for good, each a new version for the forwarders', async () => {
    const id = await destinationOf('steer');
    await storeEvents(query.db, 'steer', [{}, {}]);
    const replay = idOf(await post('steer', `/destinations/${id}/replays`, { kind: 'range', from: 1, to: 2 }));
    const versionOf = async (): Promise<number> => {
      const { rows } = await query.db.pool.query('select version from delivery.replay where id = $1', [replay]);
      return Number(rows[0].version);
    };
    const versions = [await versionOf()];
    for (const wanted of ['pause', 'run', 'cancel']) {
      expect((await wish('steer', id, replay, wanted)).body).toMatchObject({ id: replay, wish: wanted });
      versions.push(await versionOf());
    }
    expect(new Set(versions).size).toBe(4);
    expect((await wish('steer', id, replay, 'cancel')).status).toBe(200);
    expect(await versionOf()).toBe(versions.at(-1));
    expect((await wish('steer', id, replay, 'run')).status).toBe(409);
  });

  it('shows how far it is, why it waits, and what it came to', async () => {
    const id = await destinationOf('shown');
    await storeEvents(
      query.db,
      'shown',
      Array.from({ length: 9 }, () => ({})),
    );
    const path = `/destinations/${id}/replays`;
    const replay = idOf(await post('shown', path, { kind: 'range', from: 1, to: 9 }));
    await setProgress(replay, 'shown', 'waiting', {
      next_seq: 4,
      delivered: 3,
      reason: 'busy',
      words: 'Server is busy',
    });
    expect((await get('shown', `${path}/${replay}`)).body).toMatchObject({
      state: 'waiting',
      reason: 'busy',
      words: 'Server is busy',
      nextSeq: 4,
      delivered: 3,
      events: 9,
    });
    await setProgress(replay, 'shown', 'completed', { next_seq: 10 });
    expect((await wish('shown', id, replay, 'pause')).status).toBe(409);
  });

  it('lists newest first, page by page, each once', async () => {
    const id = await destinationOf('list');
    await storeEvents(query.db, 'list', [{}]);
    const path = `/destinations/${id}/replays`;
    const started: string[] = [];
    for (let index = 0; index < 3; index++)
      started.unshift(idOf(await post('list', path, { kind: 'range', from: 1, to: 1 })));
    const first = await get('list', `${path}?limit=2`);
    const second = await get('list', `${path}?limit=2&cursor=${Object(first.body).nextCursor}`);
    expect([...itemsOf(first), ...itemsOf(second)].map((item) => item['id'])).toEqual(started);
    expect(Object(second.body).nextCursor).toBeNull();
    expect((await get('list', `${path}?cursor=abc`)).status).toBe(400);
    const other = await destinationOf('list');
    const cursor = String(Object(first.body).nextCursor);
    expect((await get('list', `/destinations/${other}/replays?cursor=${cursor}`)).status).toBe(400);
  });
});

describe('dead letters', () => {
  it('are listed by the page and by reason, each with what the receiver said', async () => {
    const id = await destinationOf('letters');
    await storeEvents(
      query.db,
      'letters',
      Array.from({ length: 6 }, () => ({})),
    );
    await addLetters('letters', id, [2, 4, 5]);
    await addLetters('letters', id, [6], 'receiver_refused_size');
    await removeStored('letters', 3);
    const path = `/destinations/${id}/dead-letters`;
    const first = await get('letters', `${path}?limit=3`);
    expect(itemsOf(first).map((item) => [item['seq'], item['stored']])).toEqual([
      [6, true],
      [5, true],
      [4, true],
    ]);
    const rest = await get('letters', `${path}?limit=3&cursor=${Object(first.body).nextCursor}`);
    expect(rest.body).toEqual({
      items: [
        {
          seq: 2,
          eventId: 'event-2',
          reason: 'receiver_refused_event',
          code: '6',
          words: 'Invalid data format',
          excerpt: '{"action":',
          at: expect.any(String),
          resends: 0,
          stored: false,
          resending: false,
        },
      ],
      nextCursor: null,
    });
    expect(itemsOf(await get('letters', `${path}?reason=receiver_refused_size`)).map((item) => item['seq'])).toEqual([
      6,
    ]);
    expect(faultPaths(await get('letters', `${path}?reason=nonsense`))).toEqual(['reason']);
  });

  it('show the request that would carry the event, without the token; none once retention has removed it', async () => {
    const id = await destinationOf('inspect');
    const [first, second] = await storeEvents(query.db, 'inspect', [{}, {}]);
    await addLetters('inspect', id, [1, 2]);
    await removeStored('inspect', 1);
    const answer = await get('inspect', `/destinations/${id}/dead-letters/2`);
    const { request } = Object(answer.body);
    expect(request).toMatchObject({
      method: 'POST',
      url: expect.stringContaining('https://siem.acme.test:8088/services/collector'),
      headers: { authorization: 'Splunk ••••' },
      bodyCut: false,
    });
    expect(request.body).toContain(second?.id);
    expect(answer.text).not.toContain('hec-token-secret');
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const gone = await get('inspect', `/destinations/${id}/dead-letters/1`);
    expect(gone.body).toMatchObject({ stored: false, request: null, excerpt: '{"action":' });
    expect(gone.text).not.toContain(first?.id);
    expect((await get('inspect', `/destinations/${id}/dead-letters/3`)).status).toBe(404);
  });

  it('are sent again by a replay of those chosen, or all that are not on their way already', async () => {
    const id = await destinationOf('resend');
    await storeEvents(
      query.db,
      'resend',
      Array.from({ length: 6 }, () => ({})),
    );
    await addLetters('resend', id, [1, 3, 5, 6]);
    const path = `/destinations/${id}/replays`;
    const chosen = await post('resend', path, { kind: 'dead_letters', seqs: [5, 3, 2] });
    expect(chosen.body).toMatchObject({ kind: 'dead_letters', fromSeq: 3, toSeq: 5, events: 2 });
    const list = itemsOf(await get('resend', `/destinations/${id}/dead-letters`));
    expect(list.map((item) => [item['seq'], item['resending']])).toEqual([
      [6, false],
      [5, true],
      [3, true],
      [1, false],
    ]);
    const estimate = await post('resend', `${path}/estimate`, { kind: 'dead_letters', seqs: 'all' });
    expect(estimate.body).toMatchObject({ fromSeq: 1, toSeq: 6, events: 2, missing: null });
    const rest = await post('resend', path, { kind: 'dead_letters', seqs: 'all' });
    expect(rest.body).toMatchObject({ fromSeq: 1, toSeq: 6, events: 2 });
    expect((await post('resend', path, { kind: 'dead_letters', seqs: 'all' })).status).toBe(409);
  });
});

it('gaps are told as the forwarder recorded them', async () => {
  const id = await destinationOf('gaps');
  await query.db.pool.query(
    `insert into delivery.gap (destination_id, tenant_id, from_seq, to_seq, reason) values ($1, 'gaps', 3, 9, 'retention'), ($1, 'gaps', 12, 12, 'retention')`,
    [id],
  );
  expect((await get('gaps', `/destinations/${id}/gaps`)).body).toEqual({
    items: [
      { fromSeq: 12, toSeq: 12, reason: 'retention', at: expect.any(String) },
      { fromSeq: 3, toSeq: 9, reason: 'retention', at: expect.any(String) },
    ],
    nextCursor: null,
  });
});

describe('for anybody else', () => {
  it("another tenant's destination, replays, letters and gaps are not there, and nothing can be done to them", async () => {
    const id = await destinationOf('owner');
    await storeEvents(query.db, 'owner', [{}, {}]);
    await storeEvents(query.db, 'thief', [{}, {}]);
    await addLetters('owner', id, [1]);
    const own = await destinationOf('thief');
    const replay = idOf(await post('owner', `/destinations/${id}/replays`, { kind: 'range', from: 1, to: 2 }));
    const at = `/destinations/${id}`;
    const put = (path: string) =>
      query.call(`/api/v1${path}`, { method: 'PUT', as: admin('thief'), json: { wish: 'cancel' } });
    const answers = await Promise.all([
      get('thief', `${at}/replays`),
      get('thief', `${at}/replays/${replay}`),
      get('thief', `/destinations/${own}/replays/${replay}`),
      put(`${at}/replays/${replay}`),
      put(`/destinations/${own}/replays/${replay}`),
      post('thief', `${at}/replays`, { kind: 'range', from: 1, to: 2 }),
      post('thief', `${at}/replays/estimate`, { kind: 'range', from: 1, to: 2 }),
      post('thief', `${at}/replays`, { kind: 'dead_letters', seqs: 'all' }),
      get('thief', `${at}/dead-letters`),
      get('thief', `${at}/dead-letters/1`),
      get('thief', `/destinations/${own}/dead-letters/1`),
      get('thief', `${at}/gaps`),
    ]);
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 404));
    expect((await get('owner', `${at}/replays/${replay}`)).body).toMatchObject({ wish: 'run' });
  });

  it.each(['viewer', 'exporter', 'operator'] as const)('the role %s is not let in', async (role) => {
    const id = randomUUID();
    for (const path of ['replays', 'dead-letters', 'gaps', `replays/${id}`, 'dead-letters/1'])
      expect((await query.call(`/api/v1/destinations/${id}/${path}`, { as: ['start', role] })).status).toBe(403);
    for (const path of ['replays', 'replays/estimate'])
      expect(
        (await query.call(`/api/v1/destinations/${id}/${path}`, { method: 'POST', as: ['start', role], json: {} }))
          .status,
      ).toBe(403);
  });
});
