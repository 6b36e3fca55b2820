// What can go wrong before a receiver answers: name, connection, TLS, certificates. Each fault on real sockets, with its exact code and stage.
import { freePort, Sink, startNameServer, type NameServer } from '@auditlane/testing';
import { deafServer, rawServer, tlsServer, type FaultyServer } from './faulty-servers';
import { issue, type Issuer } from './faulty-certificates';
import { startQueryUnderTest, type QueryUnderTest } from './query-service';
import { askTest, failureOf, faultOf, shapeOf, testConnection } from './tested-connection';

// Making keys takes seconds where many tests run at once.
jest.setTimeout(60_000);

const plainAnswer = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';
let query: QueryUnderTest;
let sink: Sink;
let names: NameServer;
let closedPort: number;
let root: Issuer;
const servers = new Map<string, FaultyServer>();

async function startServers(): Promise<void> {
  root = issue({ name: 'Root of the company', isAuthority: true });
  const intermediate = issue({ name: 'Intermediate', issuer: root, isAuthority: true });
  const leaf = issue({ name: 'leaf', issuer: intermediate });
  const good = issue({ name: 'good', issuer: root });
  const early = issue({ name: 'early', issuer: root, notBefore: new Date(Date.now() + 86_400_000) });
  const notForServers = issue({ name: 'client', issuer: root, usage: 'clientAuth' });
  const alone = issue({ name: 'alone' });
  const keep = async (name: string, server: Promise<FaultyServer>): Promise<void> =>
    void servers.set(name, await server);
  await keep('leaf only', tlsServer({ key: leaf.key, cert: leaf.cert }, plainAnswer));
  await keep('whole chain', tlsServer({ key: leaf.key, cert: leaf.cert + intermediate.cert }, plainAnswer));
  await keep('early', tlsServer({ key: early.key, cert: early.cert }, plainAnswer));
  await keep('not for servers', tlsServer({ key: notForServers.key, cert: notForServers.cert }, plainAnswer));
  await keep('self-signed', tlsServer({ key: alone.key, cert: alone.cert }, plainAnswer));
  const mutual = { key: good.key, cert: good.cert, ca: root.cert, requestCert: true, rejectUnauthorized: true };
  await keep('client certificate', tlsServer({ ...mutual, minVersion: 'TLSv1.3' }, plainAnswer));
  await keep('client certificate 1.2', tlsServer({ ...mutual, maxVersion: 'TLSv1.2' }, plainAnswer));
  await keep(
    'odd cipher',
    tlsServer(
      { key: good.key, cert: good.cert, maxVersion: 'TLSv1.2', ciphers: 'ADH-AES128-SHA256:@SECLEVEL=0' },
      plainAnswer,
    ),
  );
  await keep('not HTTP', tlsServer({ key: good.key, cert: good.cert }, '220 mail.example ESMTP\r\n'));
  await keep('ends', tlsServer({ key: good.key, cert: good.cert }, ''));
  await keep('half', tlsServer({ key: good.key, cert: good.cert }, 'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\nx'));
  await keep(
    'mail',
    rawServer((socket) => socket.write('220 mail.example ESMTP ready\r\n')),
  );
  await keep(
    'plain HTTP',
    rawServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  await keep(
    'resets',
    rawServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
  );
  await keep(
    'closes',
    rawServer((socket) => socket.once('data', () => socket.end())),
  );
  await keep(
    'mute',
    rawServer(() => {}),
  );
  await keep('deaf', deafServer());
}

const portOf = (name: string): number => servers.get(name)?.port ?? 0;
const at = (name: string, caPem: string | null = root.cert) =>
  testConnection(query, { type: 'http', url: `https://127.0.0.1:${portOf(name)}/`, token: 'a-token-for-all', caPem });
const atSink = (changed: Record<string, unknown> = {}) =>
  testConnection(query, { type: 'http', url: sink.url, token: sink.token, caPem: sink.caPem, ...changed });

beforeAll(async () => {
  sink = await Sink.start({ face: 'http', token: 'a-token-of-the-sink' });
  names = await startNameServer({ 'broken.example.com': 'servfail', 'slow.example.com': 'silent' });
  closedPort = await freePort();
  await startServers();
  const ports = [sink.port, closedPort, ...[...servers.values()].map((server) => server.port)];
  query = await startQueryUnderTest({
    AUDITLANE_EGRESS_ALLOW: ports.map((port) => `127.0.0.1:${port}`).join(','),
    AUDITLANE_EGRESS_NAME_SERVERS: names.address,
    AUDITLANE_EGRESS_OWN_NAMES: 'audit.acme.test',
    AUDITLANE_TESTS_PER_MINUTE: '10000',
    AUDITLANE_TESTS_AT_ONCE: '100',
    AUDITLANE_TEST_REQUEST_MS: '3000',
  });
}, 120_000);
afterAll(async () => {
  await query.stop();
  await Promise.all([sink.close(), names.close(), ...[...servers.values()].map((server) => server.close())]);
});

describe('a URL that the policy refuses', () => {
  it.each([
    ['http', 'https://10.0.0.1/', 'policy:address_refused'],
    ['http', 'https://[::1]/', 'policy:address_refused'],
    ['http', 'https://collector.example.com:22/', 'policy:port_refused'],
    ['http', 'https://localhost/', 'policy:host_refused'],
    ['splunk', 'https://splunk.internal:8088', 'policy:host_refused'],
    ['http', 'https://audit.acme.test/', 'policy:host_refused'],
    ['http', 'https://2130706433/', 'policy:url_not_canonical'],
    ['elasticsearch', 'https://0x7f.1/', 'policy:url_not_canonical'],
    ['http', 'https://collector.exa\tmple.com/', 'policy:url_characters'],
    ['http', 'https://a..example.com/', 'policy:host_invalid'],
  ])('%s %j', async (type, url, expected) => {
    expect(faultOf(await testConnection(query, { type, url, token: 'a-token-for-all' }))).toBe(expected);
    expect(names.asked).not.toContain('audit.acme.test');
  });

  it('that no destination of the type could have is refused as a setting', async () => {
    const answer = await askTest(query, {
      type: 'http',
      url: 'https://a:b@siem.example.com/',
      token: 'a-token-for-all',
    });
    expect([answer.status, Object(answer.body).errors]).toEqual([422, [expect.objectContaining({ path: 'url' })]]);
  });
});

describe('a name that leads nowhere', () => {
  it.each([
    ['absent.example.com', 'dns:no_public_address'],
    ['broken.example.com', 'dns:dns_failed'],
    ['slow.example.com', 'dns:dns_timeout'],
  ])('%s', async (host, expected) => {
    const result = await testConnection(query, { type: 'splunk', url: `https://${host}`, token: 'a-token-for-all' });
    expect(faultOf(result)).toBe(expected);
    expect(shapeOf(result).slice(0, 3)).toEqual(['policy:ok', 'dns:failed', 'tcp:not_reached']);
  });
});

describe('a receiver that never comes to an answer', () => {
  it('refuses the connection', async () => {
    const result = await atSink({ url: `https://127.0.0.1:${closedPort}/` });
    expect([faultOf(result), failureOf(result)?.reason]).toEqual(['tcp:tcp_refused', 'connection_failed']);
  });

  it.each([
    ['resets', 'tls:tls_closed'],
    ['closes', 'tls:tls_closed'],
    ['mail', 'tls:tls_not_spoken'],
    ['plain HTTP', 'tls:tls_not_spoken'],
    ['odd cipher', 'tls:tls_no_common_cipher'],
    ['client certificate', 'tls:tls_client_certificate'],
    ['client certificate 1.2', 'tls:tls_no_common_cipher'],
    ['not HTTP', 'answer:response_unreadable'],
    ['ends', 'answer:request_failed'],
    ['half', 'answer:response_failed'],
  ])('%s', async (name, expected) => {
    expect(faultOf(await at(name))).toBe(expected);
  });

  it('keeps us waiting: for the connection, and for the handshake', async () => {
    expect(await Promise.all(['deaf', 'mute'].map(async (name) => faultOf(await at(name))))).toEqual([
      'tcp:tcp_timeout',
      'tls:tls_timeout',
    ]);
  });
});

describe('a certificate', () => {
  afterEach(() => sink.useCertificate('valid'));

  it.each([
    ['expired', 'tls:tls_expired', /valid until 20\d\d-/],
    ['wrong_host', 'tls:tls_wrong_name', /It is for other\.example\.test\./],
    ['self_signed', 'tls:tls_unknown_ca', /issued by Another CA/],
    ['other_ca', 'tls:tls_issuer_missing', /issued by Another CA/],
    ['legacy', 'tls:tls_old_version', /TLS 1\.2/],
  ] as const)('of the kind %s', async (kind, expected, detail) => {
    await sink.useCertificate(kind);
    const result = await atSink();
    expect(faultOf(result)).toBe(expected);
    expect(failureOf(result)).toMatchObject({ reason: 'tls_failed', detail: expect.stringMatching(detail) });
    expect(sink.requests).toEqual([]);
  });

  it.each([
    ['leaf only', 'tls:tls_issuer_missing', /issued by Intermediate/],
    ['early', 'tls:tls_not_yet_valid', /valid from 20\d\d-/],
    ['not for servers', 'tls:tls_untrusted', /issued by Root of the company/],
    ['self-signed', 'tls:tls_self_signed', /issued by alone/],
  ])('%s', async (name, expected, detail) => {
    const result = await at(name);
    expect(faultOf(result)).toBe(expected);
    expect(failureOf(result)?.detail).toMatch(detail);
  });

  it('of a CA that was pasted, with the whole chain, is shown and trusted', async () => {
    const result = await at('whole chain');
    expect(result.stages.find(({ stage }) => stage === 'tls')).toMatchObject({
      state: 'ok',
      detail: expect.stringMatching(/^TLSv1\.3; certificate of leaf, issued by Intermediate, valid until 20/),
      certificate: { names: ['127.0.0.1'], issuer: 'Intermediate' },
    });
    expect(result.ok).toBe(true);
  });
});
