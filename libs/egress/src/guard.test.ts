// The guard at work on real name servers and sockets: a canary on the loopback, listening on an open port, must never hear a thing.
import { createServer, type Server } from 'node:net';
import { scripts, Sink, startNameServer, type NameServer, type Zone } from '@auditlane/testing';
import { dnsResolver, Egress, parseAllowList, type EgressResult } from './index';

/** Accepts on this address and counts: one connection is one too many. */
class Canary {
  heard = 0;
  private constructor(private readonly server: Server) {
    server.on('connection', (socket) => {
      this.heard++;
      socket.destroy();
    });
  }
  static async listen(host: string, port: number): Promise<Canary> {
    const canary = new Canary(createServer());
    await new Promise<void>((resolve) => canary.server.listen(port, host, resolve));
    return canary;
  }
  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }
}

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

let sink: Sink;
let names: NameServer;
let canaries: Canary[];
let egress: Egress;
const heard = () => canaries.reduce((sum, canary) => sum + canary.heard, 0);

const open = (...allowed: string[]) =>
  new Egress(parseAllowList(allowed, { ports: [443, sink.port] }), {
    resolver: dnsResolver({ servers: [names.address], timeoutMs: 200, tries: 1 }),
    connectTimeoutMs: 1_000,
  });
const send = (url: string, destinationId = 'd'): Promise<EgressResult> =>
  egress.request(
    { destinationId, configVersion: 1, caPem: sink.caPem },
    { method: 'POST', url, headers: { authorization: 'Bearer t' }, body: Buffer.from('{}'), timeoutMs: 5_000 },
  );
const named = (name: string) => `https://${name}.example.com:${sink.port}/`;
const zone = (entries: Zone): Zone =>
  Object.fromEntries(Object.entries(entries).map(([name, entry]) => [`${name}.example.com`, entry]));

beforeAll(async () => {
  sink = await Sink.start({ face: 'http', token: 't', names: ['*.example.com'] });
  // On the sink's own port, so that nothing but the judgement of the address stands in between.
  canaries = await Promise.all([Canary.listen('127.0.0.2', sink.port), Canary.listen('::1', sink.port)]);
  names = await startNameServer({});
});
afterAll(async () => {
  await Promise.all([sink.close(), names.close(), ...canaries.map((canary) => canary.close())]);
});
beforeEach(() => {
  sink.reset();
  egress = open(`127.0.0.1:${sink.port}`);
});
afterEach(async () => {
  await egress.destroy();
  expect(heard()).toBe(0);
});

test.each(['127.0.0.2', '[::1]'])('S4, S12 the literal %s is refused at the request too', async (host) => {
  expect(await send(`https://${host}:${sink.port}/`)).toMatchObject({ code: 'address_refused', sent: false });
});

test('a name that leads to the one allowed endpoint is served', async () => {
  names.zone = zone({ good: [{ type: 'A', value: '127.0.0.1' }] });
  expect(await send(named('good'))).toMatchObject({ kind: 'response', response: { status: 200 } });
});

describe.each<[string, Zone]>([
  ['S7 a public name for the loopback', { x: [{ type: 'A', value: '127.0.0.2' }] }],
  ['S9 a public name for the metadata service', { x: [{ type: 'A', value: '169.254.169.254' }] }],
  ['S12 a name for the IPv6 loopback', { x: [{ type: 'AAAA', value: '::1' }] }],
  ['S12 a name for a mapped address', { x: [{ type: 'AAAA', value: '::ffff:127.0.0.2' }] }],
  [
    'S13 a good A beside a bad AAAA',
    {
      x: [
        { type: 'A', value: '127.0.0.1' },
        { type: 'AAAA', value: '::1' },
      ],
    },
  ],
  [
    'S13 a good A beside a bad A',
    {
      x: [
        { type: 'A', value: '127.0.0.1' },
        { type: 'A', value: '127.0.0.2' },
      ],
    },
  ],
  [
    'S14 a CNAME to a bad address',
    {
      x: [
        { type: 'CNAME', value: 'inner.example.com' },
        { type: 'A', name: 'inner.example.com', value: '127.0.0.2' },
      ],
    },
  ],
])('%s', (_name, entries) => {
  test('is refused at Save and at the request', async () => {
    names.zone = zone(entries);
    expect(await egress.vet(named('x'))).toMatchObject({ kind: 'failure', code: 'destination_refused' });
    expect(await send(named('x'))).toMatchObject({ stage: 'policy', code: 'destination_refused', sent: false });
  });
});

describe('S15 rebinding', () => {
  test('good at Save and bad at the request is refused', async () => {
    names.zone = zone({ x: [{ type: 'A', value: '127.0.0.1' }] });
    expect(await egress.vet(named('x'))).toEqual({ kind: 'allowed' });
    names.zone = zone({ x: [{ type: 'A', value: '127.0.0.2' }] });
    expect(await send(named('x'))).toMatchObject({ code: 'destination_refused' });
  });

  test('alternating with every query never gets further than the good address', async () => {
    let asked = 0;
    names.zone = zone({ x: () => [{ type: 'A', value: asked++ % 2 === 0 ? '127.0.0.1' : '127.0.0.2', ttl: 0 }] });
    for (let i = 0; i < 10; i++) {
      await egress.close('d');
      const result = await send(named('x'));
      expect(result.kind === 'response' || result.code === 'destination_refused').toBe(true);
    }
  });
});

test.each([
  ['a name server error', 'servfail', 'dns_failed'],
  ['no such name', 'nxdomain', 'dns_not_found'],
  ['an empty answer', [], 'dns_not_found'],
  ['no answer at all', 'silent', 'dns_timeout'],
] as const)(
  'S16, F48 %s fails closed, at Save and later, and opens nothing for the next time',
  async (_n, entry, code) => {
    names.zone = zone({ x: entry });
    expect(await egress.vet(named('x'))).toMatchObject({ code });
    expect(await send(named('x'))).toMatchObject({ stage: 'dns', code, reason: 'name_not_resolved', sent: false });
    names.zone = zone({ x: [{ type: 'A', value: '127.0.0.2' }] });
    expect(await send(named('x'))).toMatchObject({ code: 'destination_refused' });
  },
);

test('S17 an allowed name opens no other name, and no literal', async () => {
  await egress.destroy();
  egress = open(`good.example.com:${sink.port}`);
  names.zone = zone({ good: [{ type: 'A', value: '127.0.0.1' }], evil: [{ type: 'A', value: '127.0.0.1' }] });
  expect(await send(named('good'))).toMatchObject({ kind: 'response' });
  expect(await send(named('evil'), 'e')).toMatchObject({ code: 'destination_refused' });
  expect(await send(sink.url, 'f')).toMatchObject({ code: 'address_refused' });
});

describe('S18, F43 a redirect', () => {
  test.each([301, 302, 303, 307, 308])('%i is an answer like any other and is not followed', async (status) => {
    const other = await Sink.start({ face: 'http', token: 't' });
    names.zone = zone({ other: [{ type: 'A', value: '127.0.0.2' }] });
    for (const location of [named('other'), other.url, `http://127.0.0.2:${sink.port}/`, sink.url]) {
      sink.next(scripts.redirect(location, status));
      expect(await send(sink.url)).toMatchObject({ kind: 'response', response: { status, headers: { location } } });
    }
    expect(sink.requests).toHaveLength(4);
    expect(other.connections).toBe(0);
    await other.close();
  });
});

test('S27 proxy variables are not read', async () => {
  const before = { ...process.env };
  for (const name of ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'])
    process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : `http://127.0.0.2:${sink.port}`;
  try {
    expect(await send(sink.url)).toMatchObject({ kind: 'response', response: { status: 200 } });
  } finally {
    process.env = before;
  }
});

test('S26 what a failure says names no address and no port', async () => {
  names.zone = zone({ x: [{ type: 'A', value: '10.1.2.3' }] });
  for (const url of [named('x'), named('y'), 'https://10.1.2.3/', `https://[::1]:${sink.port}/`]) {
    const result = await send(url);
    expect(result).toMatchObject({ kind: 'failure', words: expect.not.stringMatching(/\d{2,}|::/) });
  }
});
