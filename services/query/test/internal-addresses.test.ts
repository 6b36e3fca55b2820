// S13 to S15, S18, S26: Test Connection is no scanner of our own network. Whatever an inner name leads to, the answer is the same to the letter,
// the same was asked of the name server, and nothing was sent: the canaries, which listen on open ports, must not hear a thing.
import { createServer, type Server } from 'node:net';
import { freePort, scripts, Sink, startNameServer, type NameServer, type Zone } from '@auditlane/testing';
import { startQueryUnderTest, type QueryUnderTest } from './query-service';
import { faultOf, testConnection, type Result } from './tested-connection';

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

let query: QueryUnderTest;
let sink: Sink;
let names: NameServer;
let canaries: readonly Server[];
let heard = 0;
let closedPort: number;

async function canary(host: string, port: number): Promise<Server> {
  const server = createServer((socket) => {
    heard++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return server;
}

beforeAll(async () => {
  sink = await Sink.start({ face: 'http', token: 'a-token-of-the-sink', names: ['*.example.com'] });
  closedPort = await freePort();
  canaries = await Promise.all([canary('127.0.0.2', sink.port), canary('::1', sink.port)]);
  names = await startNameServer({});
  query = await startQueryUnderTest({
    AUDITLANE_EGRESS_ALLOW: `127.0.0.1:${sink.port}`,
    AUDITLANE_EGRESS_PORTS: `443,${sink.port},${closedPort}`,
    AUDITLANE_EGRESS_NAME_SERVERS: names.address,
    AUDITLANE_TESTS_PER_MINUTE: '10000',
    AUDITLANE_TESTS_AT_ONCE: '100',
    AUDITLANE_TEST_REQUEST_MS: '3000',
  });
}, 120_000);
afterAll(async () => {
  await query.stop();
  await Promise.all([sink.close(), names.close()]);
  for (const server of canaries) server.close();
});
beforeEach(() => sink.reset());
afterEach(() => expect(heard).toBe(0));

const test = (url: string) =>
  testConnection(query, { type: 'http', url, token: sink.token, caPem: sink.caPem, sendEvent: true });
const zone = (entries: Zone): Zone =>
  Object.fromEntries(Object.entries(entries).map(([name, entry]) => [`${name}.example.com`, entry]));
/** Everything that is answered but for what differs between any two tests. */
const words = (result: Result) => ({ ...result, eventId: '', durationMs: 0 });

it('S13, S14, S26 answers alike, to the letter, for every name that leads inside and for one that leads nowhere', async () => {
  const inner = { type: 'A', name: 'inner.example.com', value: '127.0.0.2' } as const;
  names.zone = zone({
    loopback: [{ type: 'A', value: '127.0.0.2' }],
    private: [{ type: 'A', value: '10.1.2.3' }],
    metadata: [{ type: 'A', value: '169.254.169.254' }],
    six: [{ type: 'AAAA', value: '::1' }],
    mapped: [{ type: 'AAAA', value: '::ffff:127.0.0.2' }],
    mixed: [
      { type: 'A', value: '127.0.0.1' },
      { type: 'AAAA', value: '::1' },
    ],
    alias: [{ type: 'CNAME', value: 'inner.example.com' }, inner],
    empty: [],
  });
  const hosts = [...Object.keys(names.zone), 'absent.example.com'];
  const open = await Promise.all(hosts.map((host) => test(`https://${host}:${sink.port}/`)));
  const closed = await Promise.all(hosts.map((host) => test(`https://${host}:${closedPort}/`)));
  const [first] = open;
  expect(first && faultOf(first)).toBe('dns:no_public_address');
  for (const result of [...open, ...closed]) expect(words(result)).toEqual(first && words(first));
  expect(JSON.stringify(open)).not.toMatch(/127\.0|10\.1|169\.254|::/);
  // The same questions for each, both kinds of address, once a test.
  const asked = hosts.map((host) => names.asked.filter((name) => name === host).length);
  expect(asked).toEqual(hosts.map(() => 4));
  expect(sink.connections).toBe(0);
});

it('S4 to S12, S26 answers alike for every literal of an inner address, open or closed, and asks nobody', async () => {
  const before = names.asked.length;
  const hosts = [
    '127.0.0.2',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.0.1',
    '100.64.0.1',
    '[::1]',
    '[fd00::1]',
    '[::ffff:7f00:2]',
  ];
  const results = await Promise.all(
    hosts.flatMap((host) => [sink.port, closedPort].map((port) => test(`https://${host}:${port}/`))),
  );
  const [first] = results;
  expect(first && faultOf(first)).toBe('policy:address_refused');
  for (const result of results) expect(words(result)).toEqual(first && words(first));
  expect(names.asked.length).toBe(before);
});

it.each(['0x7f000002', '2130706434', '127.2', '0177.0.0.2', '127.0.0.2.'])(
  'S5 does not take %s for another host',
  async (host) => {
    expect(faultOf(await test(`https://${host}:${sink.port}/`))).toMatch(
      /^policy:(url_not_canonical|address_refused)$/,
    );
  },
);

it('S15 gets no further than the good address of a name that changes with every question', async () => {
  let asked = 0;
  names.zone = zone({ x: () => [{ type: 'A', value: asked++ % 2 === 0 ? '127.0.0.1' : '127.0.0.2', ttl: 0 }] });
  const faults = new Set<string>();
  for (let i = 0; i < 6; i++) faults.add(faultOf(await test(`https://x.example.com:${sink.port}/`)));
  expect([...faults].filter((fault) => fault !== 'none' && fault !== 'dns:no_public_address')).toEqual([]);
});

it.each([301, 302, 303, 307, 308])(
  'S18 does not follow a redirect (%i) inside, with OPTIONS or with the event',
  async (status) => {
    const to = `https://127.0.0.2:${sink.port}/`;
    sink.next(scripts.redirect(to, status));
    expect(faultOf(await test(sink.url))).toBe(`answer:http_${status}`);
    sink.next(scripts.pass, scripts.redirect(to, status));
    expect(faultOf(await test(sink.url))).toBe(`event:http_${status}`);
  },
);
