// The sink is as strict as Splunk was recorded to be, and does what it is told to do wrong: else tests against it prove nothing.
import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { gzipSync } from 'node:zlib';
import { Sink, type SinkOptions } from './index';
import * as scripts from './script';
import { hecCode } from './hec-codes';

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

let sink: Sink;
const start = async (options: SinkOptions) => {
  sink = await Sink.start({ token: 't', ...options });
};
afterEach(() => sink.close());

interface Reply {
  readonly status: number;
  readonly text: string;
  readonly json: unknown;
  readonly headers: NodeJS.Dict<string | string[]>;
}

function call(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Reply> {
  return send(method, path, Buffer.from(body), headers);
}

function send(method: string, path: string, body: Buffer, headers: Record<string, string>): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      `${sink.url}${path}`,
      { method, headers, ca: sink.caPem, agent: false, maxHeaderSize: 4_000_000 },
      (response) => {
        const chunks: string[] = [];
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = chunks.join('');
          let json: unknown;
          try {
            json = JSON.parse(text);
          } catch {
            json = undefined;
          }
          resolve({ status: response.statusCode ?? 0, text, json, headers: response.headers });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

const envelope = (seq: number, extra: object = {}) =>
  JSON.stringify({
    time: 1,
    source: 'auditlane',
    event: { n: seq },
    fields: { tenant: 'acme', seq: String(seq), event_id: `e${seq}` },
    ...extra,
  });
const post = (body: string, headers: Record<string, string> = {}, path = '/services/collector/event') =>
  call('POST', path, body, { authorization: 'Splunk t', ...headers });

describe('the HEC face', () => {
  beforeEach(() => start({ face: 'hec', hec: { indexes: ['main'] } }));

  test.each(['/services/collector', '/services/collector/event', '/services/collector/event/1.0'])(
    'takes concatenated envelopes at %s, in order',
    async (path) => {
      expect(await post(envelope(1) + envelope(2) + '\n' + envelope(3), {}, path)).toMatchObject({
        status: 200,
        json: { text: 'Success', code: 0 },
      });
      expect(sink.seqs('acme')).toEqual([1, 2, 3]);
      expect(sink.duplicates()).toEqual([]);
    },
  );

  test('takes an array, and gzip', async () => {
    const reply = await send('POST', '/services/collector/event', gzipSync(`[${envelope(1)},${envelope(2)}]`), {
      authorization: 'Splunk t',
      'content-encoding': 'gzip',
    });
    expect(reply.json).toEqual({ text: 'Success', code: 0 });
    expect(sink.seqs('acme')).toEqual([1, 2]);
  });

  test('answers deflate with 415 in HTML', async () => {
    expect(await post(envelope(1), { 'content-encoding': 'deflate' })).toMatchObject({
      status: 415,
      text: expect.stringContaining('<html>'),
    });
  });

  test.each([
    ['no token', {}, '', 401, 2],
    ['another scheme', { authorization: 'Bearer t' }, '', 401, 3],
    ['a wrong token', { authorization: 'Splunk x' }, '', 403, 4],
    ['a token in the query', {}, '?token=t', 400, 16],
  ])('refuses %s', async (_name, headers, query, status, code) => {
    expect(await call('POST', `/services/collector/event${query}`, envelope(1), headers)).toMatchObject({
      status,
      json: { code },
    });
    expect(sink.received()).toEqual([]);
    expect(sink.requests).toHaveLength(1);
  });

  test('refuses a disabled token', async () => {
    sink.hec.tokenDisabled = true;
    expect(await post(envelope(1))).toMatchObject({ status: 403, json: { code: 1 } });
  });

  test('refuses the old token after a switch', async () => {
    sink.setToken('new');
    expect(await post(envelope(1))).toMatchObject({ status: 403 });
    expect(await post(envelope(1), { authorization: 'Splunk new' })).toMatchObject({ status: 200 });
    expect(sink.requests.map((entry) => entry.token)).toEqual(['t', 'new']);
  });

  test('says code 5 to an empty body, the sign of a good token', async () => {
    expect(await post('')).toMatchObject({ status: 400, json: { text: 'No data', code: 5 } });
  });

  test.each([
    ['broken JSON', '{"event": ', 6, 2],
    ['no event', '{"time":1}', 12, 2],
    ['a blank event', '{"event":" "}', 13, 2],
    ['a null event', '{"event":null}', 13, 2],
    ['nested fields', '{"event":1,"fields":{"a":{"b":1}}}', 15, 2],
    ['an index the token may not write to (named one too far)', '{"event":1,"index":"other"}', 7, 3],
  ])('indexes what stands before %s and nothing behind it', async (_name, bad, code, at) => {
    expect(await post(envelope(1) + envelope(2) + bad + envelope(4))).toMatchObject({
      status: 400,
      json: { code, 'invalid-event-number': at },
    });
    expect(sink.seqs('acme')).toEqual([1, 2]);
  });

  test('loses an object with an unknown key and all behind it, and says 200', async () => {
    expect(await post(envelope(1) + envelope(2, { severity: 'x' }) + envelope(3))).toMatchObject({
      status: 200,
      json: { code: 0 },
    });
    expect(sink.seqs('acme')).toEqual([1]);
    expect(sink.requests[0]?.events.map((event) => event.seq)).toEqual([1, 2, 3]);
  });

  test('passes over an object of only fields, and says 200', async () => {
    expect(await post(envelope(1) + '{"fields":{"a":1}}' + envelope(2))).toMatchObject({ status: 200 });
    expect(sink.seqs('acme')).toEqual([1, 2]);
  });

  test('refuses events by predicate with the prefix rule', async () => {
    sink.refuse((event) => event.seq === 2);
    expect(await post(envelope(1) + envelope(2) + envelope(3))).toMatchObject({
      json: { code: 6, 'invalid-event-number': 1 },
    });
    expect(sink.seqs('acme')).toEqual([1]);
  });

  test('says 404 and 405 with the status as code', async () => {
    expect(await post(envelope(1), {}, '/services/other')).toMatchObject({ status: 404, json: { code: 404 } });
    expect(await call('GET', '/services/collector/event')).toMatchObject({ status: 405, json: { code: 405 } });
  });

  test('tells its health without a token, and judges a token that is shown', async () => {
    const health = (headers = {}) => call('GET', '/services/collector/health', '', headers);
    expect(await health()).toMatchObject({ status: 200, json: { code: 17 } });
    expect(await health({ authorization: 'Splunk x' })).toMatchObject({ status: 400, json: { code: 21 } });
    sink.hec.tokenDisabled = true;
    expect(await health({ authorization: 'Splunk t' })).toMatchObject({ status: 400, json: { code: 22 } });
    sink.hec.queuesFull = true;
    expect(await health()).toMatchObject({ status: 503, json: { code: 18 } });
  });

  test('has no acknowledgements where the token does not use them', async () => {
    expect(await post('{"acks":[0]}', {}, '/services/collector/ack')).toMatchObject({ json: { code: 14 } });
  });

  test('takes events in with 200 and code 24, and does not with 503 and code 9', async () => {
    sink.next(hecCode(24), hecCode(9));
    expect(await post(envelope(1))).toMatchObject({ status: 200, json: { code: 24 } });
    expect(await post(envelope(2))).toMatchObject({ status: 503, json: { code: 9 } });
    expect(sink.seqs('acme')).toEqual([1]);
  });
});

describe('body caps of the HEC face', () => {
  test('answer 413 on Enterprise', async () => {
    await start({ face: 'hec', hec: { maxBytes: 150 } });
    expect(await post(envelope(1) + envelope(2))).toMatchObject({ status: 413, json: { code: 413 } });
    expect(sink.received()).toEqual([]);
  });

  test('answer code 6 at object 0 on Cloud', async () => {
    await start({ face: 'hec', hec: { cloud: true } });
    const body = envelope(1) + envelope(2, { source: 'x'.repeat(5_300_000) });
    expect(await post(body)).toMatchObject({ status: 400, json: { code: 6, 'invalid-event-number': 0 } });
    expect(sink.received()).toEqual([]);
  });
});

describe('indexer acknowledgement', () => {
  const channel = randomUUID();
  const other = randomUUID();
  beforeEach(() => start({ face: 'hec', hec: { useAck: true } }));
  const poll = (id: string, ...acks: number[]) =>
    post(JSON.stringify({ acks }), {}, `/services/collector/ack?channel=${id}`);

  test('demands a channel, and that it is a GUID', async () => {
    expect(await post(envelope(1))).toMatchObject({ status: 400, json: { code: 10 } });
    expect(await post(envelope(1), { 'x-splunk-request-channel': 'mine' })).toMatchObject({ json: { code: 11 } });
  });

  test('counts from 0 in each channel and tells a true one once, to that channel only', async () => {
    const sent = (id: string) => post(envelope(1), { 'x-splunk-request-channel': id });
    expect((await sent(channel)).json).toEqual({ text: 'Success', code: 0, ackId: 0 });
    expect((await sent(channel)).json).toMatchObject({ ackId: 1 });
    expect((await sent(other)).json).toMatchObject({ ackId: 0 });
    expect((await poll(other, 1)).json).toEqual({ acks: { 1: false } });
    expect((await poll(channel, 0, 1)).json).toEqual({ acks: { 0: true, 1: true } });
    expect((await poll(channel, 0, 1)).json).toEqual({ acks: { 0: false, 1: false } });
  });

  test('confirms by hand where the test wants to', async () => {
    sink.hec.acks.mode = 'by_hand';
    await post(envelope(1), { 'x-splunk-request-channel': channel });
    expect((await poll(channel, 0)).json).toEqual({ acks: { 0: false } });
    sink.hec.acks.confirm();
    expect((await poll(channel, 0)).json).toEqual({ acks: { 0: true } });
  });

  test('never confirms where it is told so, and counts anew once it has forgotten everything', async () => {
    sink.hec.acks.mode = 'never';
    await post(envelope(1), { 'x-splunk-request-channel': channel });
    expect((await poll(channel, 0)).json).toEqual({ acks: { 0: false } });
    sink.hec.acks.forget();
    expect((await post(envelope(1), { 'x-splunk-request-channel': channel })).json).toMatchObject({ ackId: 0 });
  });

  test('forgets a true one also where the reply is lost, and loses none but that', async () => {
    await post(envelope(1), { 'x-splunk-request-channel': channel });
    sink.nextTo('/services/collector/ack', scripts.resetAfterIngest);
    expect((await post(envelope(2), { 'x-splunk-request-channel': channel })).status).toBe(200);
    await expect(poll(channel, 0)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect((await poll(channel, 0, 1)).json).toEqual({ acks: { 0: false, 1: true } });
  });

  test('answers no poll without a channel', async () => {
    expect(await post('{"acks":[0]}', {}, '/services/collector/ack')).toMatchObject({ json: { code: 10 } });
  });
});

describe('the HTTP face', () => {
  beforeEach(() => start({ face: 'http' }));
  const element = (seq: number) => JSON.stringify({ seq, tenantId: 'acme', id: `e${seq}` });
  const collect = (body: string, type = 'application/json') =>
    call('POST', '/in', body, { authorization: 'Bearer t', 'content-type': type });

  test.each([
    ['an array', `[${element(1)},${element(2)}]`, 'application/json', [1, 2]],
    ['lines', `${element(1)}\n${element(2)}\n`, 'application/x-ndjson', [1, 2]],
    ['one event', element(1), 'application/json', [1]],
  ])('takes %s', async (_name, body, type, seqs) => {
    expect((await collect(body, type)).status).toBe(200);
    expect(sink.seqs('acme')).toEqual(seqs);
  });

  test('wants its token', async () => {
    expect((await call('POST', '/in', element(1))).status).toBe(401);
  });

  test('refuses the whole request for one event that it does not like', async () => {
    sink.refuse((event) => event.seq === 2);
    expect((await collect(`[${element(1)},${element(2)}]`)).status).toBe(422);
    expect(sink.received()).toEqual([]);
  });
});

describe('the bulk face', () => {
  beforeEach(() => start({ face: 'bulk' }));
  const bulk = (...ids: number[]) =>
    call(
      'POST',
      '/logs/_bulk',
      ids.map((id) => `{"create":{"_id":"${id}"}}\n{"tenantId":"acme","seq":${id},"id":"e${id}"}\n`).join(''),
      { authorization: 'ApiKey t' },
    );

  test('answers each item by itself, 409 for what it has', async () => {
    sink.bulk.items = (event) => (event.seq === 2 ? { status: 429 } : undefined);
    await bulk(1);
    const reply = await bulk(1, 2, 3);
    expect(reply.headers['x-elastic-product']).toBe('Elasticsearch');
    expect(reply.json).toMatchObject({
      errors: true,
      items: [{ create: { status: 409 } }, { create: { status: 429 } }, { create: { status: 201 } }],
    });
    expect(sink.seqs('acme')).toEqual([1, 3]);
  });
});

describe('a script', () => {
  beforeEach(() => start({ face: 'hec' }));

  test('applies to one request each, then the sink behaves again', async () => {
    sink.next(scripts.retryAfter(429, '7'), scripts.redirect('https://elsewhere.example.test/'));
    expect(await post(envelope(1))).toMatchObject({ status: 429, headers: { 'retry-after': '7' } });
    expect(await post(envelope(1))).toMatchObject({ status: 307 });
    expect(await post(envelope(1))).toMatchObject({ status: 200 });
    expect(sink.requests.map((entry) => entry.status)).toEqual([429, 307, 200]);
    expect(sink.seqs('acme')).toEqual([1]);
  });

  test('as a mode applies until told otherwise', async () => {
    sink.always(scripts.answer(503));
    expect((await post(envelope(1))).status).toBe(503);
    expect((await post(envelope(1))).status).toBe(503);
    sink.always(scripts.pass);
    expect((await post(envelope(1))).status).toBe(200);
  });

  test('can take events in and lose the answer', async () => {
    sink.next(scripts.resetAfterIngest);
    await expect(post(envelope(1))).rejects.toThrow(/hang up|ECONNRESET/);
    await post(envelope(1));
    expect(sink.duplicates()).toEqual([{ tenant: 'acme', id: 'e1', times: 2 }]);
  });

  test.each([
    ['at the headers', scripts.reset('headers'), 0, /hang up|ECONNRESET|EPIPE/],
    ['after the body', scripts.reset('body'), 1, /hang up|ECONNRESET/],
    ['with garbage', scripts.garbage, 1, /Parse Error/],
  ])('can break off %s without taking anything', async (_name, script, journaled, message) => {
    sink.next(script);
    await expect(post(envelope(1))).rejects.toThrow(message);
    expect(sink.requests).toHaveLength(journaled);
    expect(sink.received()).toEqual([]);
  });

  test('can delay the answer, and has journaled the request by then', async () => {
    sink.next(scripts.delay(5));
    expect((await post(envelope(1))).status).toBe(200);
  });

  test('can send headers of a megabyte', async () => {
    sink.next(scripts.hugeHeaders);
    await expect(post(envelope(1))).resolves.toMatchObject({ status: 200 });
  });
});

describe('the fast mode', () => {
  test('counts events and tells gaps and repeats of each tenant', async () => {
    await start({ face: 'hec', fast: true });
    await post(envelope(1) + envelope(2) + envelope(5) + envelope(5));
    await post(envelope(6));
    expect(sink.counts.get('acme')).toEqual({ taken: 5, lastSeq: 6, missing: 2, repeats: 1 });
    expect(sink.journal.requests).toBe(2);
    expect(sink.requests).toEqual([]);
  });
});

describe('its certificates', () => {
  test.each([
    ['expired', /certificate has expired/],
    ['wrong_host', /does not match certificate's altnames/],
    ['self_signed', /self-signed certificate/],
    ['other_ca', /unable to verify/],
    ['legacy', /protocol version/],
  ] as const)('that are %s are refused by a careful client for just that', async (kind, message) => {
    await start({ face: 'hec' });
    expect((await post(envelope(1))).status).toBe(200);
    await sink.useCertificate(kind);
    await expect(post(envelope(2))).rejects.toThrow(message);
    await sink.useCertificate('valid');
    expect((await post(envelope(3))).status).toBe(200);
    expect(sink.seqs('acme')).toEqual([1, 3]);
  });
});

test('a closed sink refuses connections and answers again on the same port once open', async () => {
  await start({ face: 'hec' });
  await sink.close();
  await expect(post(envelope(1))).rejects.toThrow(/ECONNREFUSED/);
  await sink.open();
  expect((await post(envelope(1))).status).toBe(200);
});
