// What each type of receiver can answer, with its exact code and stage: through the API, on real sockets, at receivers that misbehave on demand.
import { eventually, hecCode, scripts, Sink, type Script } from '@auditlane/testing';
import { startQueryUnderTest, type QueryUnderTest } from './query-service';
import { askTest, failureOf, faultOf, resultSchema, shapeOf, testConnection, testPath } from './tested-connection';

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

let query: QueryUnderTest;
let hec: Sink;
let ackHec: Sink;
let http: Sink;
let bulk: Sink;
beforeAll(async () => {
  hec = await Sink.start({ face: 'hec', token: 'token-of-the-hec', hec: { indexes: ['audit'] } });
  ackHec = await Sink.start({ face: 'hec', token: 'token-of-the-hec', hec: { useAck: true } });
  http = await Sink.start({ face: 'http', token: 'token-of-the-collector' });
  bulk = await Sink.start({ face: 'bulk', token: 'token-of-the-cluster' });
  query = await startQueryUnderTest({
    AUDITLANE_EGRESS_ALLOW: [hec, ackHec, http, bulk].map((sink) => `127.0.0.1:${sink.port}`).join(','),
    AUDITLANE_TESTS_PER_MINUTE: '10000',
    AUDITLANE_TESTS_AT_ONCE: '2',
    AUDITLANE_TEST_REQUEST_MS: '3000',
    AUDITLANE_TEST_CONFIRM_MS: '500',
  });
}, 120_000);
afterAll(async () => {
  await query.stop();
  await Promise.all([hec, ackHec, http, bulk].map((sink) => sink.close()));
});
beforeEach(() => {
  for (const sink of [hec, ackHec, http, bulk]) sink.reset();
  ackHec.hec.acks.mode = 'at_once';
});

const settingsOf = (type: string, sink: Sink, changed: Readonly<Record<string, unknown>>) => ({
  type,
  url: sink.url,
  token: sink.token,
  caPem: sink.caPem,
  ...changed,
});
const testHec = (changed: Readonly<Record<string, unknown>> = {}, sink = hec) =>
  testConnection(query, settingsOf('splunk', sink, changed));
const testHttp = (changed: Readonly<Record<string, unknown>> = {}) =>
  testConnection(query, settingsOf('http', http, changed));
const testBulk = (changed: Readonly<Record<string, unknown>> = {}) =>
  testConnection(query, settingsOf('elasticsearch', bulk, { options: { auth: 'bearer' }, ...changed }));
const { answer, pass } = scripts;
const line = ['policy:ok', 'dns:ok', 'tcp:ok', 'tls:ok'];
const page = '<!doctype html><html><title>Sign in</title></html>';
const gzipBomb = answer(200, { headers: { 'content-encoding': 'gzip' }, body: '\u001f\u008b pretend' });

describe('Splunk', () => {
  it('passes, and says what was not proven without an event', async () => {
    const result = await testHec();
    expect([result.ok, shapeOf(result)]).toEqual([
      true,
      [...line, 'answer:ok', 'authentication:ok', 'permission:not_proven', 'confirmation:not_proven'],
    ]);
    expect([hec.received(), result.eventId, result.notProven]).toEqual([[], null, [expect.stringMatching(/index/)]]);
  });

  it('that is up but full passes, and says so', async () => {
    hec.hec.queuesFull = true;
    const result = await testHec();
    expect(result.stages[4]).toMatchObject({
      state: 'ok',
      code: 'healthy_but_full',
      words: expect.stringMatching(/full/),
    });
  });

  // What the two first requests are answered: health, and the empty body.
  it.each<[string, readonly Script[], string]>([
    ['a token that is required', [pass, hecCode(2)], 'authentication:hec_2'],
    ['an authorization that is invalid', [pass, hecCode(3)], 'authentication:hec_3'],
    ['an invalid token, said the way of health', [hecCode(21), hecCode(21)], 'authentication:hec_21'],
    ['a disabled token, said the way of health', [hecCode(22), hecCode(22)], 'authentication:hec_22'],
    ['a header that a proxy took away', [pass, hecCode(16)], 'authentication:hec_16'],
    ['a channel that is missing', [pass, hecCode(10)], 'authentication:hec_10'],
    ['a channel that is invalid', [pass, hecCode(11)], 'authentication:hec_11'],
    ['a channel that Splunk Cloud misses', [pass, hecCode(28)], 'authentication:hec_28'],
    ['a busy server', [pass, hecCode(9)], 'authentication:hec_9'],
    ['full queues', [pass, hecCode(18)], 'authentication:hec_18'],
    ['a server that shuts down', [pass, hecCode(23)], 'authentication:hec_23'],
    ['an internal error', [pass, hecCode(8)], 'authentication:hec_8'],
    ['a success for nothing', [pass, hecCode(0)], 'authentication:not_hec'],
    ['no collector at this path', [answer(404), answer(404)], 'answer:http_404'],
    ['another method', [answer(405), answer(405)], 'authentication:http_405'],
    ['a sign-in page', [answer(200, { body: page })], 'answer:not_hec'],
    ['JSON that is not the collector’s', [answer(200, { body: { ok: true } })], 'answer:not_hec'],
    ['a body that claims to be compressed', [gzipBomb], 'answer:not_hec'],
    ['a redirect', [scripts.redirect('https://elsewhere.example/', 302)], 'answer:http_302'],
    ['a proxy that wants a password', [answer(407)], 'answer:http_407'],
    ['a proxy with nothing behind it', [answer(502, { body: page })], 'answer:http_502'],
    ['a proxy that gave up', [answer(504)], 'answer:http_504'],
    ['a proxy that refuses the token', [answer(403), answer(403, { body: page })], 'authentication:http_403'],
    ['headers of a megabyte', [scripts.hugeHeaders], 'answer:response_headers_too_large'],
    ['an answer that is not HTTP', [scripts.garbage], 'answer:response_unreadable'],
    ['informational answers without end', [scripts.interimFlood], 'answer:response_unreadable'],
    ['a body without end', [scripts.endlessBody], 'answer:not_hec'],
    ['a reset', [scripts.reset('body')], 'answer:request_failed'],
    ['a reset at the token', [pass, scripts.reset('headers')], 'authentication:request_failed'],
  ])('%s', async (_name, answers, expected) => {
    hec.next(...answers);
    expect(faultOf(await testHec())).toBe(expected);
    expect(hec.received()).toEqual([]);
  });

  it('does not know the token, or has it disabled', async () => {
    const wrong = await testHec({ token: 'another-token' });
    expect([faultOf(wrong), failureOf(wrong)]).toEqual([
      'authentication:hec_4',
      expect.objectContaining({
        words: 'Invalid token',
        reason: 'credentials_refused',
        fix: expect.stringMatching(/Data inputs > HTTP Event Collector/),
      }),
    ]);
    hec.hec.tokenDisabled = true;
    expect(faultOf(await testHec())).toBe('authentication:hec_1');
  });

  describe('with an event', () => {
    const withEvent = (options: Readonly<Record<string, unknown>> = {}, sink = hec) =>
      testHec({ sendEvent: true, options }, sink);

    it('writes one, marked, with index and all, and claims no confirmation that there was not', async () => {
      const result = await withEvent({ index: 'audit', sourcetype: 'x:y' });
      expect(shapeOf(result)).toEqual([
        ...line,
        'answer:ok',
        'authentication:ok',
        'permission:ok',
        'event:ok',
        'confirmation:not_proven',
      ]);
      expect(hec.received()).toMatchObject([{ id: result.eventId, tenant: 'tester', seq: 0 }]);
      const envelope: unknown = JSON.parse(hec.requests.at(-1)?.body.toString() ?? '');
      expect(envelope).toMatchObject({ index: 'audit', sourcetype: 'x:y', event: { test: true, tenantId: 'tester' } });
      const kept = await query.call('/api/v1/events', { as: ['tester', 'viewer'] });
      expect(kept.body).toMatchObject({ items: [] });
    });

    it('is not green where the token may not write to the index', async () => {
      const result = await withEvent({ index: 'elsewhere' });
      expect([faultOf(result), failureOf(result)?.fix]).toEqual([
        'permission:hec_7',
        expect.stringMatching(/Selected Indexes/),
      ]);
    });

    it.each([
      [6, 'event:hec_6'],
      [12, 'event:hec_12'],
      [13, 'event:hec_13'],
      [15, 'event:hec_15'],
      [5, 'event:hec_5'],
      [26, 'event:hec_26'],
      [27, 'event:hec_27'],
      [4, 'event:hec_4'],
    ])('refused with code %i', async (code, expected) => {
      hec.next(pass, pass, hecCode(code, 0));
      expect(faultOf(await withEvent())).toBe(expected);
    });

    it('waits for the indexers', async () => {
      const confirmation = async (options: Readonly<Record<string, unknown>> = {}) =>
        (await withEvent(options, ackHec)).stages.at(-1);
      expect(await confirmation()).toMatchObject({ state: 'ok', code: 'acknowledged' });
      ackHec.hec.acks.mode = 'never';
      expect(await confirmation()).toMatchObject({ state: 'not_proven', code: 'not_acknowledged' });
      expect(await confirmation({ acknowledgement: 'off' })).toMatchObject({ code: 'acknowledgement_not_awaited' });
    });
  });

  it('must acknowledge where the settings require it', async () => {
    const options = { acknowledgement: 'required' };
    expect(faultOf(await testHec({ options }))).toBe('confirmation:hec_14');
    expect(faultOf(await testHec({ options, sendEvent: true }))).toBe('confirmation:acknowledgement_missing');
    const good = await testHec({ options }, ackHec);
    expect([good.ok, good.stages.at(-1)?.code]).toEqual([true, 'acknowledges']);
  });
});

describe('an HTTP collector', () => {
  it('proves with OPTIONS no more than that it answers', async () => {
    const result = await testHttp();
    expect([result.ok, shapeOf(result)]).toEqual([
      true,
      [...line, 'answer:ok', 'authentication:not_proven', 'permission:not_proven'],
    ]);
    expect(result.notProven.join(' ')).toMatch(/POST/);
    expect(http.requests.map((request) => request.method)).toEqual(['OPTIONS']);
  });

  it('proves the rest with an event', async () => {
    for (const format of ['array', 'ndjson', 'single']) {
      const result = await testHttp({ sendEvent: true, options: { format } });
      expect([result.ok, new Set(result.stages.map((one) => one.state))]).toEqual([true, new Set(['ok'])]);
      expect(http.received().at(-1)).toMatchObject({ id: result.eventId, seq: 0 });
    }
  });

  it.each<[string, readonly Script[], string]>([
    ['a token that is refused at once', [answer(401)], 'authentication:http_401'],
    ['a firewall', [answer(403)], 'permission:http_403'],
    ['a proxy that wants a password', [answer(407)], 'answer:http_407'],
    ['an address that is gone', [answer(410)], 'answer:http_410'],
    ['too many requests', [scripts.retryAfter(429, '30')], 'answer:http_429'],
    ['a fault', [answer(500)], 'answer:http_500'],
    ['maintenance', [scripts.retryAfter(503, '30')], 'answer:http_503'],
    ['a permanent redirect', [scripts.redirect('https://elsewhere.example/', 308)], 'answer:http_308'],
    ['a token that is refused for POST', [pass, answer(401)], 'authentication:http_401'],
    ['a token without the right to write', [pass, answer(403)], 'permission:http_403'],
    ['no such path for POST', [pass, answer(404)], 'event:http_404'],
    ['no POST', [pass, answer(405)], 'event:http_405'],
    ['a size limit', [pass, answer(413)], 'event:http_413'],
    ['an unknown kind of body', [pass, answer(415)], 'event:http_415'],
    ['another schema', [pass, answer(422)], 'event:http_422'],
    ['a bad request', [pass, answer(400)], 'event:http_400'],
    ['no such method', [pass, answer(501)], 'event:http_501'],
    ['a conflict', [pass, answer(409)], 'event:http_409'],
    ['a reset after taking it', [pass, scripts.resetAfterIngest], 'event:request_failed'],
  ])('%s', async (_name, answers, expected) => {
    http.next(...answers);
    expect(faultOf(await testHttp({ sendEvent: true }))).toBe(expected);
  });

  it('is not believed where its success is a web page', async () => {
    http.next(pass, answer(200, { body: page, headers: { 'content-type': 'text/html' } }));
    const result = await testHttp({ sendEvent: true });
    expect(result.stages.at(-1)).toMatchObject({ state: 'not_proven', code: 'answered_with_a_page' });
  });

  it('shows where it redirects to, cleaned, and is not followed', async () => {
    http.next(answer(307, { headers: { location: `${hec.url}/in?x=${'y'.repeat(1_000)}` } }));
    const before = hec.connections;
    const result = await testHttp();
    expect(failureOf(result)).toMatchObject({
      code: 'http_307',
      words: expect.stringMatching(/^https:\/\/127\.0\.0\.1:\d+\/in\?x=y+…$/),
    });
    expect([failureOf(result)?.words.length, hec.connections]).toEqual([300, before]);
  });

  it('has its words cleaned and cut, and never repeats the token', async () => {
    http.next(answer(401, { body: `\u001b[31m<script>${http.token}</script>\r\n${'x'.repeat(5_000)}` }));
    const result = await testHttp();
    const words = failureOf(result)?.words ?? '';
    expect(words).toMatch(/^\[31m<script>\(token\)<\/script> x+…$/);
    expect(words.length).toBeLessThanOrEqual(300);
    expect(JSON.stringify(result)).not.toContain(http.token);
  });

  it('that keeps us waiting is given up in time, at the stage where it was', async () => {
    http.next(scripts.hang(), scripts.drip(20));
    const results = await Promise.all([testHttp(), testHttp()]);
    expect(results.map(faultOf).toSorted()).toEqual(['answer:request_timeout', 'answer:response_timeout']);
  });
});

describe('Elasticsearch', () => {
  const product = { 'x-elastic-product': 'Elasticsearch' };
  const elastic = (status: number, body: object): Script => answer(status, { headers: product, body });
  const me = elastic(200, { username: 'forwarder' });
  const may = (createDoc: boolean, autoConfigure: boolean): Script =>
    elastic(200, {
      index: { 'logs-audit.events-default': { create_doc: createDoc, auto_configure: autoConfigure } },
    });
  const refusal = (reason: string): Script =>
    elastic(401, { error: { type: 'security_exception', reason }, status: 401 });

  it('passes, and says what was not proven without an event', async () => {
    bulk.next(pass, me, may(true, true));
    const result = await testBulk();
    expect([result.ok, shapeOf(result)]).toEqual([true, [...line, 'answer:ok', 'authentication:ok', 'permission:ok']]);
    expect(result.notProven.join(' ')).toMatch(/mapping.*blocked/);
  });

  it.each<[string, readonly Script[], string]>([
    [
      'OpenSearch',
      [answer(200, { body: { version: { distribution: 'opensearch', number: '3.1.0' } } })],
      'answer:opensearch',
    ],
    [
      'a product of another name',
      [answer(200, { body: { version: { number: '9.0.0' } }, headers: { 'x-elastic-product': 'Other' } })],
      'answer:not_elasticsearch',
    ],
    [
      'a version before 7.14',
      [answer(200, { body: { tagline: 'You Know, for Search' } })],
      'answer:elasticsearch_too_old',
    ],
    ['a web page', [answer(200, { body: page })], 'answer:not_elasticsearch'],
    ['no Elasticsearch at this path', [answer(404)], 'answer:http_404'],
    [
      'wrong credentials',
      [refusal('unable to authenticate'), refusal('unable to authenticate')],
      'authentication:http_401',
    ],
    ['an API key that has expired', [pass, refusal('api key is expired')], 'authentication:api_key_expired'],
    ['an API key that was revoked', [pass, refusal('api key has been invalidated')], 'authentication:api_key_revoked'],
    ['no right to write', [pass, me, may(false, false)], 'permission:create_doc_missing'],
    [
      'a target that is not there and cannot be made',
      [pass, me, may(true, false), elastic(404, {})],
      'permission:target_missing',
    ],
    ['a proxy that forbids the question', [pass, me, answer(403)], 'permission:http_403'],
    ['a busy cluster', [pass, elastic(503, {})], 'authentication:http_503'],
    ['a bulk that is too large', [pass, me, may(true, true), answer(413)], 'event:http_413'],
    [
      'a bulk answer of something else',
      [pass, me, may(true, true), answer(200, { body: { items: [] } })],
      'event:not_elasticsearch',
    ],
  ])('%s', async (_name, answers, expected) => {
    bulk.next(...answers);
    expect(faultOf(await testBulk({ sendEvent: true }))).toBe(expected);
    expect(bulk.received()).toEqual([]);
  });

  it.each([
    [403, 'cluster_block_exception', 'event:bulk_403_cluster_block_exception'],
    [429, 'cluster_block_exception', 'event:bulk_429_cluster_block_exception'],
    [400, 'index_closed_exception', 'event:bulk_400_index_closed_exception'],
    [404, 'index_not_found_exception', 'event:bulk_404_index_not_found_exception'],
    [400, 'document_parsing_exception', 'event:bulk_400_document_parsing_exception'],
    [400, 'strict_dynamic_mapping_exception', 'event:bulk_400_strict_dynamic_mapping_exception'],
    [429, 'es_rejected_execution_exception', 'event:bulk_429_es_rejected_execution_exception'],
    [400, 'made_up_exception', 'event:bulk_400_made_up_exception'],
  ])('an event refused with %i %s', async (status, type, expected) => {
    bulk.next(pass, me, may(true, true));
    bulk.bulk.items = () => ({ status, type });
    expect(faultOf(await testBulk({ sendEvent: true }))).toBe(expected);
  });

  it('confirms an event by its item', async () => {
    bulk.next(pass, me, may(true, true));
    const result = await testBulk({ sendEvent: true });
    expect(result.stages.at(-1)).toMatchObject({ stage: 'confirmation', state: 'ok', code: 'event_stored' });
    expect(bulk.received()).toMatchObject([{ id: result.eventId, seq: 0 }]);
  });

  it('without security asks for nothing, and is said to', async () => {
    const none = answer(400, {
      body: { error: 'no handler found for uri [/_security/_authenticate] and method [GET]' },
    });
    bulk.next(pass, none);
    const result = await testBulk();
    expect([result.ok, result.stages.map(({ code }) => code).slice(5)]).toEqual([
      true,
      ['security_off', 'permissions_off'],
    ]);
  });

  it('that does not show whether the target is there is not called green', async () => {
    bulk.next(pass, me, may(true, false), elastic(403, {}));
    expect((await testBulk()).stages.at(-1)).toMatchObject({ state: 'not_proven', code: 'target_not_seen' });
  });
});

describe('a running test', () => {
  const lines = async (json: object, tenant: string, signal?: AbortSignal) => {
    const token = await query.oidc.token(tenant, 'settings-admin');
    return fetch(`${query.service.httpUrl}${testPath}`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        accept: 'application/x-ndjson',
      },
      body: JSON.stringify(json),
      signal,
    });
  };

  it('is told line by line as it happens, and ends with the result', async () => {
    http.next(scripts.hang());
    const response = await lines(settingsOf('http', http, {}), 'streamer');
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    const told = (await response.text())
      .trim()
      .split('\n')
      .map((text): unknown => JSON.parse(text));
    const result = resultSchema.parse(told.at(-1));
    expect(told.slice(0, -1)).toEqual(
      result.stages.map((stage) => expect.objectContaining({ kind: 'stage', stage: stage.stage })),
    );
    expect(told.at(-1)).toMatchObject({ kind: 'result', ok: false });
  });

  it('says the first stages while the receiver keeps it waiting', async () => {
    http.always(scripts.hang());
    const response = await lines(settingsOf('http', http, {}), 'streamer');
    const reader = response.body?.getReader();
    let heard = '';
    while (!heard.includes('"stage":"tls"')) heard += Buffer.from((await reader?.read())?.value ?? []).toString();
    expect(heard).not.toContain('"kind":"result"');
    await reader?.cancel();
  });

  it('ends with its client, and frees its place', async () => {
    http.always(scripts.hang());
    const gone = new AbortController();
    const abandoned = [
      lines(settingsOf('http', http, {}), 'leaver', gone.signal),
      lines(settingsOf('http', http, {}), 'leaver', gone.signal),
    ];
    await eventually(() => http.requests.length === 2);
    const third = await askTest(query, settingsOf('http', http, {}), 'leaver');
    expect([third.status, Number(third.headers.get('retry-after'))]).toEqual([429, expect.any(Number)]);
    gone.abort();
    await Promise.allSettled(abandoned);
    http.always(pass);
    const next = await eventually(async () => {
      const asked = await askTest(query, settingsOf('http', http, {}), 'leaver');
      return asked.status === 200 ? asked : undefined;
    });
    expect(next.body).toMatchObject({ ok: true });
  });
});
