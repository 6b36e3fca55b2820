// What a receiver can do to a request, and what the engine is told about it: never an exception, never without an end.
import { gunzipSync } from 'node:zlib';
import { eventually, scripts, Sink } from '@auditlane/testing';
import { Egress, parseAllowList, type EgressOptions, type EgressRequest, type EgressTarget } from './index';

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

let sink: Sink;
let other: Sink;
let egress: Egress;
beforeAll(async () => {
  sink = await Sink.start({ face: 'http', token: 't' });
  other = await Sink.start({ face: 'http', token: 't' });
});
afterAll(async () => {
  await sink.close();
  await other.close();
});
beforeEach(() => {
  sink.reset();
  other.reset();
  open();
});
afterEach(() => egress.destroy());

const open = (options: EgressOptions = {}) => {
  egress = new Egress(parseAllowList([`127.0.0.1:${sink.port}`, `127.0.0.1:${other.port}`]), options);
};
const send = (request: Partial<EgressRequest> = {}, target: Partial<EgressTarget> = {}, signal?: AbortSignal) =>
  egress.request(
    { destinationId: 'd', configVersion: 1, caPem: sink.caPem, ...target },
    {
      method: 'POST',
      url: `${sink.url}/in?a=b`,
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: Buffer.from('[{"seq":1,"tenantId":"acme"}]'),
      timeoutMs: 10_000,
      ...request,
    },
    signal,
  );

describe('a request', () => {
  test('arrives as it was given, with what frames it being ours', async () => {
    const result = await send();
    expect(result).toMatchObject({
      kind: 'response',
      response: { status: 200, truncated: false, headers: { 'content-type': 'application/json' } },
      sentBytes: 29,
    });
    const [entry] = sink.requests;
    expect(entry).toMatchObject({ method: 'POST', path: '/in?a=b', token: 't' });
    expect(entry?.headers).toMatchObject({
      host: `127.0.0.1:${sink.port}`,
      'content-length': '29',
      'accept-encoding': 'identity',
    });
    expect(sink.seqs('acme')).toEqual([1]);
  });

  test('of many pieces arrives as one body', async () => {
    await send({
      body: ['[{"seq":1,"tenantId":"acme"}', ',', '{"seq":2,"tenantId":"acme"}]'].map((s) => Buffer.from(s)),
    });
    expect(sink.seqs('acme')).toEqual([1, 2]);
  });

  test('is compressed where asked for, and says so', async () => {
    const body = Buffer.from(`[{"tenantId":"acme","seq":1,"x":"${'y'.repeat(10_000)}"}]`);
    const result = await send({ body, gzip: true });
    expect(sink.requests[0]).toMatchObject({ headers: { 'content-encoding': 'gzip' }, body });
    expect(sink.requests[0]?.wireBytes).toBeLessThan(500);
    expect(result).toMatchObject({ kind: 'response', sentBytes: sink.requests[0]?.wireBytes });
  });

  test('without a body has a length of 0 as POST and none as GET', async () => {
    await send({ body: Buffer.alloc(0), gzip: true });
    await send({ method: 'GET', body: undefined });
    expect(sink.requests.map((entry) => entry.headers['content-length'])).toEqual(['0', undefined]);
    expect(sink.requests[0]?.headers['content-encoding']).toBeUndefined();
  });

  test.each([
    [{ authorization: 'Bearer t\r\nx: y' }],
    [{ authorization: 'Bearer t\0' }],
    [{ authorization: 'Bearer ключ' }],
    [{ 'bad name': 'x' }],
    [{ Host: 'evil.example.com' }],
    [{ 'transfer-encoding': 'chunked' }],
    [{ 'content-length': '1' }],
    [{ 'accept-encoding': 'gzip' }],
  ])('with the headers %j is not written', async (headers) => {
    expect(await send({ headers })).toMatchObject({
      code: 'request_invalid',
      reason: 'configuration_refused',
      sent: false,
    });
    expect(sink.requests).toEqual([]);
  });
});

describe('S25, F40 a receiver that', () => {
  test('never stops talking is cut off at the cap', async () => {
    sink.next(scripts.endlessBody);
    const result = await send({ maxAnswerBytes: 100_000 });
    expect(result).toMatchObject({ kind: 'response', response: { status: 200, truncated: true } });
    expect(result.kind === 'response' && result.response.body.length).toBe(100_000);
  });

  test('says exactly what is kept is not cut off', async () => {
    for (const [length, truncated] of [
      [999, false],
      [1000, false],
      [1001, true],
    ] as const) {
      sink.next(scripts.answer(200, { body: 'x'.repeat(length) }));
      const result = await send({ maxAnswerBytes: 1000 });
      expect(result).toMatchObject({ response: { truncated } });
      expect(result.kind === 'response' && result.response.body.length).toBe(Math.min(length, 1000));
    }
  });

  test('may answer up to the cap of a request, 64 KiB where none is given', async () => {
    const body = 'x'.repeat(200_000);
    sink.always(scripts.answer(200, { body }));
    expect(await send({ maxAnswerBytes: 16 * 1024 * 1024 })).toMatchObject({ response: { truncated: false } });
    const result = await send();
    expect(result.kind === 'response' && result.response.body.length).toBe(65_536);
  });

  test('sends a bomb that nobody asked for gets it kept as it is', async () => {
    sink.next(scripts.answer(200, { body: 'pretend', headers: { 'content-encoding': 'gzip' } }));
    const result = await send();
    expect(result.kind === 'response' && result.response.body.toString()).toBe('pretend');
    expect(() => gunzipSync(Buffer.from('pretend'))).toThrow(/incorrect header/);
  });

  test('sends headers of a megabyte', async () => {
    sink.next(scripts.hugeHeaders);
    expect(await send()).toMatchObject({
      stage: 'response',
      code: 'response_headers_too_large',
      reason: 'unreadable_answer',
      sent: true,
    });
  });

  test('sends informational answers without end', async () => {
    sink.next(scripts.interimFlood);
    expect(await send()).toMatchObject({ stage: 'response', code: 'response_unreadable', sent: true });
  });

  test('talks nonsense', async () => {
    sink.next(scripts.garbage);
    expect(await send()).toMatchObject({ stage: 'response', code: 'response_unreadable', sent: true });
  });

  test('never answers', async () => {
    sink.next(scripts.hang());
    expect(await send({ timeoutMs: 100 })).toMatchObject({
      stage: 'request',
      code: 'request_timeout',
      reason: 'timed_out',
      sent: true,
    });
  });

  test('takes too long to its first header', async () => {
    sink.next(scripts.hang());
    expect(await send({ headersTimeoutMs: 100, timeoutMs: 60_000 })).toMatchObject({ code: 'request_timeout' });
  });

  test('drips its answer', async () => {
    sink.next(scripts.drip(5));
    expect(await send({ timeoutMs: 200 })).toMatchObject({ stage: 'response', code: 'response_timeout', sent: true });
  });

  test.each(['headers', 'body', 'ingested'] as const)('F41 breaks off (%s) may have seen the request', async (when) => {
    sink.next(scripts.reset(when));
    expect(await send()).toMatchObject({ code: 'request_failed', reason: 'connection_failed', sent: true });
  });

  test('does one of these to one request is served the next', async () => {
    sink.next(scripts.garbage, scripts.reset('body'), scripts.endlessBody, scripts.hang());
    for (let i = 0; i < 4; i++) await send({ timeoutMs: 300 });
    expect(await send()).toMatchObject({ kind: 'response', response: { status: 200 } });
  });
});

describe('giving up', () => {
  test('by signal ends the request and its connection at once', async () => {
    sink.next(scripts.hang());
    const abort = new AbortController();
    const result = send({}, {}, abort.signal);
    await eventually(() => sink.requests.length === 1);
    abort.abort();
    expect(await result).toMatchObject({ code: 'aborted', reason: 'aborted', sent: true });
  });

  test('before it starts sends nothing', async () => {
    expect(await send({}, {}, AbortSignal.abort())).toMatchObject({ code: 'aborted', sent: false });
    expect(sink.requests).toEqual([]);
  });

  test('on a destination ends its requests and nobody else’s', async () => {
    sink.next(scripts.hang());
    other.next(scripts.delay(50));
    const hanging = send();
    const neighbour = send({ url: other.url }, { destinationId: 'e' });
    await eventually(() => sink.requests.length === 1 && other.requests.length === 1);
    await egress.close('d');
    expect(await hanging).toMatchObject({ code: 'closed', reason: 'aborted', sent: true });
    expect(await neighbour).toMatchObject({ kind: 'response', response: { status: 200 } });
  });

  test('altogether refuses what comes later', async () => {
    await egress.destroy();
    expect(await send()).toMatchObject({ code: 'closed', sent: false });
  });
});

describe('S28 connections', () => {
  test('are kept from request to request', async () => {
    const before = sink.handshakes;
    for (let i = 0; i < 5; i++) expect(await send()).toMatchObject({ kind: 'response' });
    expect(sink.handshakes - before).toBe(1);
  });

  test('are never shared between versions of a destination, or between destinations', async () => {
    const on = async (target: Partial<EgressTarget>) => {
      await send({}, target);
      return sink.requests.at(-1)?.connection;
    };
    const first = await on({ configVersion: 1 });
    const second = await on({ configVersion: 2 });
    const neighbour = await on({ destinationId: 'e' });
    expect(new Set([first, second, neighbour]).size).toBe(3);
    expect(await on({ configVersion: 2 })).toBe(second);
  });

  test('of an old version finish what they carry', async () => {
    sink.next(scripts.delay(100));
    const old = send({}, { configVersion: 1 });
    await eventually(() => sink.requests.length === 1);
    expect(await send({}, { configVersion: 2 })).toMatchObject({ kind: 'response' });
    expect(await old).toMatchObject({ kind: 'response', response: { status: 200 } });
  });

  test('are bounded: beyond the limit the least used destination’s are given up, and opened again when needed', async () => {
    await egress.destroy();
    open({ maxAgents: 2 });
    const before = sink.handshakes;
    for (const destinationId of ['a', 'b', 'c', 'a'])
      expect(await send({}, { destinationId })).toMatchObject({ kind: 'response' });
    expect(sink.handshakes - before).toBe(4);
    expect(await send({}, { destinationId: 'a' })).toMatchObject({ kind: 'response' });
    expect(sink.handshakes - before).toBe(4);
  });

  test('are replaced when they have become old, however busy they are', async () => {
    await egress.destroy();
    open({ maxConnectionAgeMs: 50 });
    const before = sink.handshakes;
    await eventually(async () => {
      expect(await send()).toMatchObject({ kind: 'response', response: { status: 200 } });
      return sink.handshakes - before >= 3;
    });
  });

  test('that the receiver closed meanwhile are replaced', async () => {
    await send();
    sink.closeConnections();
    const served = await eventually(async () => {
      const result = await send();
      return result.kind === 'response' ? result : undefined;
    });
    expect(served.response.status).toBe(200);
  });
});

test('a destination that hangs keeps no other waiting', async () => {
  sink.always(scripts.hang());
  const abort = new AbortController();
  const hanging = Array.from({ length: 50 }, (_, i) => send({}, { destinationId: `dead-${i}` }, abort.signal));
  await eventually(() => sink.requests.length === 50);
  for (let i = 0; i < 20; i++)
    expect(await send({ url: other.url, gzip: true }, { destinationId: 'alive' })).toMatchObject({ kind: 'response' });
  abort.abort();
  for (const result of await Promise.all(hanging)) expect(result).toMatchObject({ code: 'aborted' });
});
