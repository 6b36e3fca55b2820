// The HTTP collector: its bodies, its headers, and the meaning of each status.
import { answer, openFaults, opened, sampleEvent, sampleEvents } from '../../spec/samples';
import { foundBy } from '../../spec/found-by';
import { testEvent } from '../test-event';

const stored =
  '"action":"workflows.workflow_created","actor":{"email":"jane@acme.test","type":"user"},' +
  '"id":"0197f3c0-0000-7000-8000-00000000000S","tenantId":"acme"}';
const element = (seq: number): string =>
  `{"seq":${seq},"area":"workflows","category":"System configuration",${stored.replace('S"', `${seq}"`)}`;

describe('the body for an HTTP collector', () => {
  it('is a JSON array by default', () => {
    const request = opened('http').encode(sampleEvents(2));
    expect(request.body.toString()).toBe(`[${element(1)},${element(2)}]`);
    expect(request).toMatchObject({ method: 'POST', url: 'https://siem.acme.test/', gzip: false, timeoutMs: 15_000 });
    expect(request.headers).toEqual({ authorization: 'Bearer collector-token', 'content-type': 'application/json' });
  });

  it('is a line an event as NDJSON', () => {
    const request = opened('http', { options: { format: 'ndjson' } }).encode(sampleEvents(2));
    expect(request.body.toString()).toBe(`${element(1)}\n${element(2)}\n`);
    expect(request.headers['content-type']).toBe('application/x-ndjson');
  });

  it('is one event with its id as Idempotency-Key as single', () => {
    const single = opened('http', { options: { format: 'single' } });
    const request = single.encode([sampleEvent(1, { id: 'order-7' })]);
    expect(request.headers['idempotency-key']).toBe('order-7');
    expect(single.limits.events).toBe(1);
    expect(
      opened('http', { options: { format: 'single' } })
        .encode(sampleEvents(1))
        .body.toString(),
    ).toBe(element(1));
  });

  it('keeps ids apart that no header can carry as they are', () => {
    const single = opened('http', { options: { format: 'single' } });
    const keys = ['a b', 'a%20b', 'é', '\ud800', 'a\r\nb'].map(
      (id) => single.encode([sampleEvent(1, { id })]).headers['idempotency-key'],
    );
    expect(keys).toEqual(['a%20b', 'a%2520b', '%C3%A9', '%EF%BF%BD', 'a%0D%0Ab']);
  });

  it('keeps the query of the URL and the further headers, and compresses where asked to', () => {
    const url = 'https://collector.acme.test/in?source=audit';
    const request = opened('http', { url, options: { headers: { 'X-Scope': 'acme' }, gzip: true } }).encode(
      sampleEvents(1),
    );
    expect(request).toMatchObject({ url, gzip: true });
    expect(request.headers['x-scope']).toBe('acme');
  });
});

describe('the settings of an HTTP destination', () => {
  it.each([
    'Authorization',
    'host',
    'Content-Length',
    'content-encoding',
    'Content-Type',
    'Transfer-Encoding',
    'connection',
    'Keep-Alive',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Proxy-Connection',
    'If-Match',
    'X-HTTP-Method-Override',
    'X-Method-Override',
    'X-Original-URL',
    'X-Real-IP',
    'True-Client-IP',
    'cookie',
    'proxy-authorization',
    'X-Forwarded-For',
    'Idempotency-Key',
    'bad name',
    'x\r\ny',
    '',
    'é',
  ])('refuse the header %j', (name) => {
    expect(openFaults('http', { options: { headers: { [name]: 'x' } } }).ok).toBe(false);
  });

  it.each(['', ' x', 'x ', 'a\r\nb: c', 'é', '\u0000', 'x'.repeat(1025)])('refuse the header value %j', (value) => {
    expect(openFaults('http', { options: { headers: { 'x-scope': value } } }).ok).toBe(false);
  });

  it('take 20 headers, no more, and none twice', () => {
    const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`x-h${at}`, 'v']));
    expect(openFaults('http', { options: { headers: headers(20) } }).ok).toBe(true);
    expect(openFaults('http', { options: { headers: headers(21) } }).ok).toBe(false);
    expect(openFaults('http', { options: { headers: { 'x-a': '1', 'X-A': '2' } } }).ok).toBe(false);
  });

  it('let no header take the place of the token', () => {
    const request = opened('http', { options: { headers: { 'x-api': 'k' } } }).encode(sampleEvents(1));
    expect(request.headers['authorization']).toBe('Bearer collector-token');
  });
});

describe('an answer of a collector', () => {
  it.each([
    [200, 'delivered'],
    [201, 'delivered'],
    [202, 'delivered'],
    [204, 'delivered'],
    [301, 'park:redirected'],
    [307, 'park:redirected'],
    [304, 'park:redirected'],
    [400, 'split:receiver_refused_event'],
    [422, 'split:receiver_refused_event'],
    [401, 'park:credentials_refused'],
    [403, 'park:permission_refused'],
    [404, 'park:not_found'],
    [405, 'park:method_refused'],
    [410, 'park:gone'],
    [501, 'park:method_refused'],
    [402, 'park:configuration_refused'],
    [415, 'park:configuration_refused'],
    [408, 'retry:timed_out'],
    [409, 'retry:in_progress'],
    [425, 'retry:busy'],
    [429, 'retry:rate_limited'],
    [413, 'split:receiver_refused_size'],
    [500, 'retry:server_error'],
    [502, 'retry:server_error'],
    [503, 'retry:busy'],
    [504, 'retry:timed_out'],
    [599, 'retry:server_error'],
    [100, 'retry:unreadable_answer'],
    [600, 'retry:unreadable_answer'],
    [0, 'retry:unreadable_answer'],
  ])('of status %i means %s for every event', (status, expected) => {
    const verdicts = opened('http').judge(answer(status, 'words'), sampleEvents(2));
    expect(
      verdicts.map((verdict) => ('reason' in verdict ? `${verdict.kind}:${verdict.reason}` : verdict.kind)),
    ).toEqual([expected, expected]);
  });
});

describe('the repeat of a single event', () => {
  const single = opened('http', { options: { format: 'single' } });
  const event = sampleEvents(1);

  it('carries the key of the first try', () => {
    const keys = [1, 2].map(() => single.encode(event).headers['idempotency-key']);
    expect(keys).toEqual([event[0]?.headers.id, event[0]?.headers.id]);
  });

  it('waits while the first try is still being worked on (409), as long as the collector asks for', () => {
    expect(single.judge(answer(409, 'busy with it', { 'retry-after': '7' }), event)).toMatchObject([
      { kind: 'retry', reason: 'in_progress', afterMs: 7_000 },
    ]);
  });

  it('is refused for good where the key came with another payload (422)', () => {
    expect(single.judge(answer(422, 'key reused'), event)).toMatchObject([
      { kind: 'split', reason: 'receiver_refused_event', words: 'key reused' },
    ]);
  });

  it('has a key in no batch, whose boundaries a crash would move', () => {
    for (const format of ['array', 'ndjson'])
      for (const count of [1, 3])
        expect(opened('http', { options: { format } }).encode(sampleEvents(count)).headers).not.toHaveProperty(
          'idempotency-key',
        );
  });
});

describe('testing the connection to an HTTP collector', () => {
  const event = testEvent('acme', 'connection-test-1', new Date('2026-11-23T20:00:00Z'));
  const { steps, unproven, notProven } = opened('http').probe();
  const withEvent = opened('http').probe(event);

  it('asks once, with OPTIONS, and says what that does not prove', () => {
    expect(steps).toHaveLength(1);
    expect(steps[0]?.request).toMatchObject({ method: 'OPTIONS', url: 'https://siem.acme.test/' });
    expect(unproven.map(({ stage, state }) => `${stage}:${state}`)).toEqual([
      'authentication:not_proven',
      'permission:not_proven',
    ]);
    expect(notProven.join(' ')).toMatch(/POST.*token/);
  });

  it.each([
    [200, 'answer:ok:answered'],
    [204, 'answer:ok:answered'],
    [404, 'answer:ok:answered'],
    [405, 'answer:ok:answered'],
    [400, 'answer:ok:answered'],
    [501, 'answer:ok:answered'],
    [401, 'authentication:failed:http_401'],
    [403, 'permission:failed:http_403'],
    [302, 'answer:failed:http_302'],
    [407, 'answer:failed:http_407'],
    [410, 'answer:failed:http_410'],
    [429, 'answer:failed:http_429'],
    [500, 'answer:failed:http_500'],
  ])('OPTIONS, answered %i', (status, expected) => {
    expect(foundBy(steps[0], answer(status, 'x'))).toEqual([expected]);
  });

  it.each([
    ['GET, HEAD', 'answer:not_proven:answered_without_post'],
    ['OPTIONS, POST', 'answer:ok:answered'],
    ['*', 'answer:ok:answered'],
  ])('OPTIONS, answered with Allow: %s', (allow, expected) => {
    expect(foundBy(steps[0], answer(200, '', { allow }))).toEqual([expected]);
  });

  it('sends the one event that it is given the way of every event', () => {
    const step = withEvent.steps.at(-1);
    expect(step?.request).toEqual(opened('http').encode([event]));
    expect(JSON.parse(step?.request.body.toString() ?? '')).toMatchObject([{ seq: 0, test: true, tenantId: 'acme' }]);
  });

  it.each([
    [answer(202, ''), ['event:ok:event_taken', 'confirmation:ok:confirmed_by_status']],
    [
      answer(200, '<!doctype html><title>Sign in'),
      ['event:ok:event_taken', 'confirmation:not_proven:answered_with_a_page'],
    ],
    [
      answer(200, 'x', { 'content-type': 'text/html; charset=utf-8' }),
      ['event:ok:event_taken', 'confirmation:not_proven:answered_with_a_page'],
    ],
    [answer(401), ['authentication:failed:http_401']],
    [answer(404), ['answer:failed:http_404']],
    [answer(413), ['event:failed:http_413']],
    [answer(415), ['event:failed:http_415']],
    [answer(422), ['event:failed:http_422']],
  ])('the event, answer %#', (response, expected) => {
    expect(foundBy(withEvent.steps.at(-1), response)).toEqual(expected);
  });

  it('shows where a redirect leads, without the token in it', () => {
    const leads = answer(307, '', { location: 'https://elsewhere.example/?t=the-token-of-acme' });
    const judged = opened('http', { token: 'the-token-of-acme' }).probe().steps[0]?.judge(leads);
    expect(judged).toMatchObject({ findings: [{ words: 'https://elsewhere.example/?t=(token)' }] });
  });
});
