// Certificates are checked, always: no byte of HTTP, and so no token, goes to a receiver that has not proved its name.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { certificateFor, checkoutRoot, eventually, Sink, type CertificateKind } from '@auditlane/testing';
import { Egress, parseAllowList, type EgressOptions, type EgressResult } from './index';

// Making certificates takes seconds where many tests run at once.
jest.setTimeout(60_000);

let sink: Sink;
let egress: Egress;
beforeAll(async () => {
  sink = await Sink.start({ face: 'http', token: 'secret' });
});
afterAll(() => sink.close());
beforeEach(() => sink.reset());
afterEach(() => egress.destroy());

const open = (options: EgressOptions = {}) => {
  egress = new Egress(parseAllowList([`127.0.0.1:${sink.port}`, `localhost:${sink.port}`]), options);
};
const send = (caPem: string | null, url = sink.url, configVersion = 1): Promise<EgressResult> =>
  egress.request(
    { destinationId: 'd', configVersion, caPem },
    { method: 'POST', url, headers: { authorization: 'Bearer secret' }, body: Buffer.from('{}'), timeoutMs: 5_000 },
  );

test('S24 a private CA is trusted where the destination has it, and only there', async () => {
  open();
  expect(await send(sink.caPem)).toMatchObject({ kind: 'response', response: { status: 200 } });
  expect(await send(null, sink.url, 2)).toMatchObject({ stage: 'tls', code: 'tls_issuer_missing', sent: false });
  expect(sink.requests).toHaveLength(1);
});

test('the operator bundle is trusted for every destination', async () => {
  open({ operatorCaPem: sink.caPem });
  expect(await send(null)).toMatchObject({ kind: 'response' });
  expect(await send(null, `https://localhost:${sink.port}/`, 2)).toMatchObject({ kind: 'response' });
});

test.each<[CertificateKind, string]>([
  ['expired', 'tls_expired'],
  ['wrong_host', 'tls_wrong_name'],
  ['self_signed', 'tls_unknown_ca'],
  ['other_ca', 'tls_issuer_missing'],
  ['legacy', 'tls_old_version'],
])('S24, F42 a receiver with a certificate that is %s sees no HTTP and no token', async (kind, code) => {
  open();
  await sink.useCertificate(kind);
  expect(await send(sink.caPem)).toMatchObject({ stage: 'tls', code, reason: 'tls_failed', sent: false });
  expect(sink.requests).toEqual([]);
  await sink.useCertificate('valid');
  expect(await send(sink.caPem)).toMatchObject({ kind: 'response' });
});

test('F42 a certificate that goes bad is noticed at the next connection', async () => {
  open();
  expect(await send(sink.caPem)).toMatchObject({ kind: 'response' });
  await sink.useCertificate('expired');
  const failed = await eventually(async () => {
    const result = await send(sink.caPem);
    return result.kind === 'failure' && result.stage === 'tls' ? result : undefined;
  });
  expect(failed.code).toBe('tls_expired');
  await sink.useCertificate('valid');
});

test('S27 the variable that switches verification off does nothing to a running client', async () => {
  open();
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    expect(await send(null)).toMatchObject({ code: 'tls_issuer_missing' });
  } finally {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  }
});

test.each(['no PEM at all', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
  'a CA that cannot be read is the configuration’s fault: %j',
  async (caPem) => {
    open();
    expect(await send(caPem)).toMatchObject({ stage: 'policy', code: 'ca_invalid', reason: 'configuration_refused' });
    expect(sink.requests).toEqual([]);
  },
);

test('the receiver’s own certificate is trust enough for it, and for nothing else', async () => {
  open();
  await sink.useCertificate('other_ca');
  const { cert } = await certificateFor('other_ca');
  expect(await send(cert)).toMatchObject({ kind: 'response' });
  await sink.useCertificate('self_signed');
  expect(await send(cert, sink.url, 2)).toMatchObject({ code: 'tls_unknown_ca' });
  await sink.useCertificate('valid');
});

test('S27 NODE_EXTRA_CA_CERTS adds nothing to what is trusted', async () => {
  const file = join(mkdtempSync(join(tmpdir(), 'egress-ca-')), 'ca.pem');
  writeFileSync(file, sink.caPem);
  const library = join(checkoutRoot, 'dist', 'libs', 'egress', 'src', 'index.js');
  // Plain https trusts the file; it shows that the variable took effect.
  const script = `
    const { Egress, parseAllowList } = require(${JSON.stringify(library)});
    const egress = new Egress(parseAllowList(['127.0.0.1:${sink.port}']));
    require('node:https').get('${sink.url}', { agent: false }, (response) => {
      response.resume();
      egress.request({ destinationId: 'd', configVersion: 1 }, { method: 'GET', url: '${sink.url}', headers: {}, timeoutMs: 5000 })
        .then(async (result) => { console.log(response.statusCode + ' ' + result.code); await egress.destroy(); });
    });`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    env: { ...process.env, NODE_EXTRA_CA_CERTS: file },
  });
  expect(stdout.trim()).toBe('401 tls_issuer_missing');
  rmSync(dirname(file), { recursive: true });
});

test('a destination’s leaf certificate does not pass for a CA of other names', async () => {
  open();
  const other = await certificateFor('valid', ['other.example.test']);
  expect(await send(other.cert)).toMatchObject({ code: 'tls_issuer_missing' });
});

test('a receiver that accepts and says nothing ends as a time-out of the handshake', async () => {
  const mute = createServer(() => {});
  await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
  const address = mute.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  egress = new Egress(parseAllowList([`127.0.0.1:${port}`]), { connectTimeoutMs: 100 });
  expect(await send(sink.caPem, `https://127.0.0.1:${port}/`)).toMatchObject({
    stage: 'tls',
    code: 'tls_timeout',
    reason: 'timed_out',
    sent: false,
  });
  mute.close();
});

test('a port where nobody listens is a refused connection', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  await new Promise<void>((resolve) => taken.close(() => resolve()));
  egress = new Egress(parseAllowList([`127.0.0.1:${port}`]));
  expect(await send(sink.caPem, `https://127.0.0.1:${port}/`)).toMatchObject({
    stage: 'tcp',
    code: 'tcp_refused',
    reason: 'connection_failed',
    sent: false,
  });
});

test('a receiver that speaks plain HTTP is a failed handshake', async () => {
  const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
  const address = plain.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  egress = new Egress(parseAllowList([`127.0.0.1:${port}`]));
  expect(await send(sink.caPem, `https://127.0.0.1:${port}/`)).toMatchObject({ stage: 'tls', code: 'tls_not_spoken' });
  plain.close();
});
