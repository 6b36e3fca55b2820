// Elasticsearch: the bulk body, the meaning of each item and of each answer as a whole.
import { createHash } from 'node:crypto';
import { answer, bulk, elastic, openFaults, opened, sampleEvent, sampleEvents } from '../../spec/samples';
import { foundBy } from '../../spec/found-by';
import { testEvent } from '../test-event';
import type { InboundResponse, Verdict } from '../types';

const elasticsearch = opened('elasticsearch');
const show = (verdict: Verdict | undefined): string =>
  verdict === undefined ? 'none' : 'reason' in verdict ? `${verdict.kind}:${verdict.reason}` : verdict.kind;
const judge = (response: InboundResponse, count = 1): string[] =>
  elasticsearch.judge(response, sampleEvents(count)).map(show);
const fault = (status: number, type: string, reason = '') => ({ status, error: { type, reason } });

const id = createHash('sha256')
  .update('acme')
  .update(Buffer.of(0))
  .update('0197f3c0-0000-7000-8000-000000000007')
  .digest('base64url');
const stored =
  '{"action":"workflows.workflow_created","actor":{"email":"jane@acme.test","type":"user"},' +
  '"id":"0197f3c0-0000-7000-8000-000000000007","tenantId":"acme"}';
const head =
  `{"create":{"_id":"${id}"}}\n{"@timestamp":"2026-11-23T20:00:00.007Z","ecs":{"version":"8.11.0"},` +
  '"event":{"id":"0197f3c0-0000-7000-8000-000000000007","kind":"event","action":"workflows.workflow_created",' +
  '"dataset":"audit.events","category":["configuration"]';
const facts =
  '},"organization":{"id":"acme"},"user":{"email":"jane@acme.test"},' +
  '"auditlane":{"seq":7,"area":"workflows","category":"System configuration"}';

describe('the bulk body', () => {
  it('holds the stored event as one string by default, which fits every mapping', () => {
    expect(elasticsearch.encode([sampleEvent(7)]).body.toString()).toBe(
      `${head},"original":${JSON.stringify(stored)}${facts}}\n`,
    );
  });

  it('holds the raw stored bytes as an object where the index template takes them', () => {
    const request = opened('elasticsearch', { options: { event: 'object' } }).encode([sampleEvent(7)]);
    expect(request.body.toString()).toBe(`${head}${facts},"audit":${stored}}\n`);
  });

  it('goes to the target by create, compressed', () => {
    const request = opened('elasticsearch', { url: 'https://es.acme.test/proxy/' }).encode(sampleEvents(1));
    expect(request).toMatchObject({ method: 'POST', gzip: true, timeoutMs: 60_000, maxAnswerBytes: 1_048_576 });
    expect(request.url).toMatch(/^https:\/\/es\.acme\.test\/proxy\/logs-audit\.events-default\/_bulk\?filter_path=/);
    expect(request.headers['content-type']).toBe('application/x-ndjson');
  });

  it('names an actor without an e-mail address, and leaves out a category that ECS has no word for', () => {
    const event = sampleEvent(1, {
      actor: 'nightly job',
      category: 'User actions',
      occurredAt: Number.MAX_SAFE_INTEGER,
    });
    const [, line = ''] = elasticsearch.encode([event]).body.toString().split('\n');
    expect(JSON.parse(line)).toMatchObject({
      '@timestamp': '+275760-09-13T00:00:00.000Z',
      user: { name: 'nightly job' },
    });
    expect(line).not.toContain('"category":[');
  });

  it.each([
    ['apiKey', 'a2V5', 'ApiKey a2V5'],
    ['apiKey', 'id:key', `ApiKey ${Buffer.from('id:key').toString('base64')}`],
    ['bearer', 'abc', 'Bearer abc'],
    ['basic', 'elastic:pä ss', `Basic ${Buffer.from('elastic:pä ss').toString('base64')}`],
  ])('signs in by %s with %j', (auth, token, header) => {
    const request = opened('elasticsearch', { options: { auth }, token }).encode(sampleEvents(1));
    expect(request.headers['authorization']).toBe(header);
  });

  it.each([
    [{ auth: 'basic' }, 'nocolon', 'token'],
    [{ auth: 'basic' }, ':x', 'token'],
    [{ auth: 'basic' }, 'a:b\nc', 'token'],
    [{}, 'two words', 'token'],
    [{ target: '_all' }, 'x', 'options.target'],
    [{ target: 'logs-*' }, 'x', 'options.target'],
    [{ target: 'a,b' }, 'x', 'options.target'],
    [{ target: '../_security' }, 'x', 'options.target'],
    [{ target: '<logs-{now}>' }, 'x', 'options.target'],
    [{ target: 'Logs' }, 'x', 'options.target'],
  ])('is not made for %j with %j', (options, token, field) => {
    expect(openFaults('elasticsearch', { options, token })).toMatchObject({ ok: false, faults: [{ field }] });
  });
});

describe('an item of a bulk answer', () => {
  it.each([
    [{ status: 201 }, 'delivered'],
    [{ status: 200 }, 'delivered'],
    [{ status: 201, failure_store: 'used' }, 'delivered'],
    [fault(409, 'version_conflict_engine_exception'), 'delivered'],
    [{ status: 409 }, 'delivered'],
    [fault(409, 'something_else'), 'retry:unreadable_answer'],
    [fault(429, 'es_rejected_execution_exception'), 'retry:rate_limited'],
    [fault(429, 'cluster_block_exception', 'index [x] blocked by: [TOO_MANY_REQUESTS/12/...]'), 'retry:rate_limited'],
    [fault(503, 'unavailable_shards_exception'), 'retry:busy'],
    [fault(500, 'x'), 'retry:server_error'],
    [fault(400, 'document_parsing_exception'), 'poison:receiver_refused_mapping'],
    [fault(400, 'mapper_parsing_exception'), 'poison:receiver_refused_mapping'],
    [fault(400, 'strict_dynamic_mapping_exception'), 'poison:receiver_refused_mapping'],
    [
      fault(400, 'illegal_argument_exception', 'Limit of total fields [1000] exceeded'),
      'poison:receiver_refused_event',
    ],
    [
      fault(400, 'illegal_argument_exception', 'only write ops with an op_type of create are allowed in data streams'),
      'park:configuration_refused',
    ],
    [fault(400, 'illegal_argument_exception', 'pipeline with id [x] does not exist'), 'park:configuration_refused'],
    [
      fault(400, 'document_parsing_exception', "field's value: 'pipeline with id [x]'"),
      'poison:receiver_refused_mapping',
    ],
    [fault(400, 'invalid_index_name_exception'), 'park:index_refused'],
    [
      fault(403, 'cluster_block_exception', 'index [x] blocked by: [FORBIDDEN/8/index write (api)];'),
      'park:target_not_writable',
    ],
    [fault(403, 'security_exception'), 'park:permission_refused'],
    [fault(404, 'index_not_found_exception'), 'park:not_found'],
    [fault(413, 'x'), 'poison:receiver_refused_size'],
    [{ status: '201' }, 'retry:unreadable_answer'],
    [{}, 'retry:unreadable_answer'],
    [null, 'retry:unreadable_answer'],
    [{ status: 418, error: 'teapot' }, 'retry:unreadable_answer'],
  ])('%j means %s', (item, expected) => {
    expect(judge(bulk(item))).toEqual([expected]);
  });

  it('speaks for its own event only', () => {
    const verdicts = judge(
      bulk(
        { status: 201 },
        fault(409, 'version_conflict_engine_exception'),
        fault(429, 'x'),
        fault(400, 'document_parsing_exception'),
        fault(403, 'security_exception'),
      ),
      5,
    );
    expect(verdicts).toEqual([
      'delivered',
      'delivered',
      'retry:rate_limited',
      'poison:receiver_refused_mapping',
      'park:permission_refused',
    ]);
  });

  it('in the failure store is delivered and said to be there; one that did not get there is where its own error puts it', () => {
    const mapping = { type: 'document_parsing_exception', reason: 'failed to parse field' };
    const items = [
      { status: 201, failure_store: 'not_applicable_or_unknown' },
      { status: 201, failure_store: 'used' },
      { status: 400, failure_store: 'not_enabled', error: mapping },
      { status: 400, failure_store: 'failed', error: mapping },
      { status: 429, failure_store: 'failed', error: { type: 'es_rejected_execution_exception', reason: 'full' } },
    ];
    expect(elasticsearch.judge(bulk(...items), sampleEvents(items.length))).toMatchObject([
      { kind: 'delivered' },
      { kind: 'delivered', diverted: true },
      { kind: 'poison', reason: 'receiver_refused_mapping' },
      { kind: 'poison', reason: 'receiver_refused_mapping' },
      { kind: 'retry', reason: 'rate_limited' },
    ]);
  });

  it('carries code and words', () => {
    expect(
      elasticsearch.judge(bulk(fault(400, 'document_parsing_exception', '[1:9] failed\nto parse')), sampleEvents(1)),
    ).toEqual([
      {
        kind: 'poison',
        reason: 'receiver_refused_mapping',
        code: 'bulk_400_document_parsing_exception',
        words: '[1:9] failed to parse',
      },
    ]);
  });
});

describe('a bulk answer as a whole', () => {
  it.each([1, 3])('with another number of items (%i for 2) proves nothing', (count) => {
    const items = Array.from({ length: count }, () => ({ status: 201 }));
    expect(judge(bulk(...items), 2)).toEqual(['retry:unreadable_answer', 'retry:unreadable_answer']);
  });

  it.each([
    ['without the product header', answer(200, { errors: false, items: [{ create: { status: 201 } }] })],
    [
      'of another product',
      answer(200, { items: [{ create: { status: 201 } }] }, { 'x-elastic-product': 'OpenSearch' }),
    ],
    ['that is a page', answer(200, '<html>', elastic)],
    ['without items', answer(200, { errors: false }, elastic)],
    ['that is empty', answer(200, '', elastic)],
  ])('%s is not Elasticsearch', (_, response) => {
    expect(judge(response)).toEqual(['park:not_the_expected_receiver']);
  });

  it.each([
    ['<!doctype html><title>Sign in</title>', /^a web page, not Elasticsearch: .*Sign in/],
    [{ took: 1, errors: false, items: [{ create: { status: 201 } }] }, /OpenSearch, or Elasticsearch before 7\.14/],
    [{ version: { distribution: 'opensearch' } }, /^an answer without X-Elastic-Product.*opensearch/],
  ])('that is a stranger’s (%j) says whose it may be', (body, words) => {
    expect(elasticsearch.judge(answer(200, body), sampleEvents(1))).toMatchObject([
      { kind: 'park', reason: 'not_the_expected_receiver', code: 'http_200', words: expect.stringMatching(words) },
    ]);
  });

  it('that was cut off is asked for again in halves, and never costs an event alone its delivery', () => {
    const cut = answer(200, '{"errors":false,"items":[{"create":{"status":201}},', elastic, true);
    expect(judge(cut, 2)).toEqual(['split:receiver_refused_size', 'split:receiver_refused_size']);
    expect(judge(cut, 1)).toEqual(['retry:unreadable_answer']);
  });

  it.each([
    [401, 'security_exception', 'park:credentials_refused'],
    [403, 'security_exception', 'park:permission_refused'],
    [403, 'cluster_block_exception', 'park:target_not_writable'],
    [404, 'index_not_found_exception', 'park:not_found'],
    [400, 'parse_exception', 'split:receiver_refused_event'],
    [413, '', 'split:receiver_refused_size'],
    [429, 'es_rejected_execution_exception', 'retry:rate_limited'],
    [500, 'x', 'retry:server_error'],
    [502, '', 'retry:server_error'],
    [503, 'cluster_block_exception', 'retry:busy'],
    [504, '', 'retry:timed_out'],
    [307, '', 'park:redirected'],
  ])('of status %i %s means %s', (status, type, expected) => {
    expect(judge(answer(status, { error: { type, reason: 'r' }, status }))).toEqual([expected]);
  });

  it('of a path that Elasticsearch does not have parks', () => {
    expect(judge(answer(400, { error: 'no handler found for uri [/x/y/_bulk] and method [POST]' }))).toEqual([
      'park:not_found',
    ]);
  });

  it('for a full batch of refusals fits its cap', () => {
    const answered = bulk(
      ...Array.from({ length: 1_000 }, () => fault(400, 'document_parsing_exception', 'x'.repeat(900))),
    );
    expect(answered.body.length).toBeLessThan(1_048_576);
  });
});

describe('testing the connection to Elasticsearch', () => {
  const event = testEvent('acme', 'connection-test-1', new Date('2026-11-23T20:00:00Z'));
  const { steps } = elasticsearch.probe();
  const [root, authenticate, privileges] = steps;
  const granted = (create: boolean, configure: boolean) =>
    answer(
      200,
      {
        username: 'x',
        has_all_requested: create && configure,
        index: { 'logs-audit.events-default': { create_doc: create, auto_configure: configure } },
      },
      elastic,
    );

  it('asks which product it is, who the credentials are and what they may do, and writes nothing', () => {
    expect(steps.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      'GET https://siem.acme.test/',
      'GET https://siem.acme.test/_security/_authenticate',
      'POST https://siem.acme.test/_security/user/_has_privileges',
    ]);
    expect(JSON.parse(privileges?.request.body.toString() ?? '')).toEqual({
      index: [{ names: ['logs-audit.events-default'], privileges: ['create_doc', 'auto_configure'] }],
    });
  });

  it.each([
    [answer(200, { version: { number: '9.0.0' } }, elastic), 'answer:ok:elasticsearch_answers'],
    [answer(200, { version: { distribution: 'opensearch', number: '3.1.0' } }), 'answer:failed:opensearch'],
    [
      answer(200, { version: { number: '7.10.2' }, tagline: 'You Know, for Search' }),
      'answer:failed:elasticsearch_too_old',
    ],
    [
      answer(200, { version: { number: '9.0.0' } }, { 'x-elastic-product': 'Other' }),
      'answer:failed:not_elasticsearch',
    ],
    [answer(200, '<html>'), 'answer:failed:not_elasticsearch'],
    [answer(401, '', elastic), 'answer:not_proven:root_not_shown'],
    [answer(403, ''), 'answer:not_proven:root_not_shown'],
    [answer(302, ''), 'answer:failed:http_302'],
    [answer(404, ''), 'answer:failed:http_404'],
  ])('which product, answer %#', (response, expected) => {
    expect(foundBy(root, response)).toEqual([expected]);
  });

  const securityFault = (reason: string) => ({ error: { type: 'security_exception', reason } });
  it.each([
    [
      answer(200, { username: 'forwarder' }, elastic),
      ['answer:ok:elasticsearch_answers', 'authentication:ok:credentials_accepted'],
    ],
    [answer(200, { username: 'forwarder' }), ['answer:failed:not_elasticsearch']],
    [answer(401, securityFault('unable to authenticate')), ['authentication:failed:http_401']],
    [answer(401, securityFault('api key is expired')), ['authentication:failed:api_key_expired']],
    [answer(401, securityFault('api key has been invalidated')), ['authentication:failed:api_key_revoked']],
    [
      answer(400, { error: 'no handler found for uri [/_security/_authenticate] and method [GET]' }),
      ['authentication:ok:security_off', 'permission:ok:permissions_off'],
    ],
    [answer(200, '<html>', elastic), ['answer:failed:not_elasticsearch']],
    [answer(503, ''), ['answer:failed:http_503']],
  ])('who, answer %#', (response, expected) => {
    expect(foundBy(authenticate, response)).toEqual(expected);
  });

  it.each([
    [granted(true, true), ['permission:ok:permission_granted']],
    [granted(true, false), []],
    [granted(false, true), ['permission:failed:create_doc_missing']],
    [answer(200, { has_all_requested: true }, elastic), ['answer:failed:not_elasticsearch']],
    [answer(403, securityFault('unauthorized')), ['permission:failed:http_403']],
  ])('what, answer %#', (response, expected) => {
    expect(foundBy(privileges, response)).toEqual(expected);
  });

  it.each([
    [answer(200, {}, elastic), 'permission:ok:permission_granted'],
    [answer(404, {}, elastic), 'permission:failed:target_missing'],
    [answer(403, {}, elastic), 'permission:not_proven:target_not_seen'],
  ])('looks for a target that it may not create, answer %#', (response, expected) => {
    const judged = privileges?.judge(granted(true, false));
    const next = typeof judged === 'object' ? judged.next : undefined;
    expect(next?.request).toMatchObject({ method: 'GET', url: expect.stringContaining('/logs-audit.events-default') });
    expect(foundBy(next, response)).toEqual([expected]);
  });

  it.each([
    [bulk({ status: 201 }), ['event:ok:event_taken', 'confirmation:ok:event_stored']],
    [bulk({ status: 201, failure_store: 'used' }), ['event:ok:event_taken', 'confirmation:not_proven:event_diverted']],
    [bulk(fault(403, 'cluster_block_exception', 'blocked')), ['permission:failed:bulk_403_cluster_block_exception']],
    [bulk(fault(400, 'index_closed_exception', 'closed')), ['permission:failed:bulk_400_index_closed_exception']],
    [bulk(fault(404, 'index_not_found_exception')), ['permission:failed:bulk_404_index_not_found_exception']],
    [bulk(fault(400, 'document_parsing_exception')), ['event:failed:bulk_400_document_parsing_exception']],
    [bulk(fault(429, 'es_rejected_execution_exception')), ['event:failed:bulk_429_es_rejected_execution_exception']],
    [bulk(fault(400, 'something_new')), ['event:failed:bulk_400_something_new']],
  ])('the event, answer %#', (response, expected) => {
    const step = elasticsearch.probe(event).steps.at(-1);
    expect(step?.request).toEqual(elasticsearch.encode([event]));
    expect(foundBy(step, response)).toEqual(expected);
  });
});
