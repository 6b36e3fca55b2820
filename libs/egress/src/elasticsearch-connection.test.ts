// The Elasticsearch client through the guard: it reaches what the policy allows, and what it does not allow hears not one packet of it.
import { errors, type Client } from '@elastic/elasticsearch';
import { createServer, type Server } from 'node:net';
import { scripts, Sink, startNameServer, type NameServer } from '@auditlane/testing';
import { elasticsearchClient } from './elasticsearch-connection';
import { dnsResolver, Egress, parseAllowList } from './index';

let sink: Sink;
let names: NameServer;
let canary: Server;
let heard = 0;
let egress: Egress;

beforeAll(async () => {
  sink = await Sink.start({ face: 'bulk', token: 't', names: ['*.example.com'] });
  names = await startNameServer({
    'rebound.example.com': [{ type: 'A', value: '127.0.0.2' }],
    'metadata.example.com': [{ type: 'A', value: '169.254.169.254' }],
  });
  canary = createServer((socket) => {
    heard++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => canary.listen(sink.port, '127.0.0.2', resolve));
});
afterAll(async () => {
  await Promise.all([sink.close(), names.close(), new Promise((resolve) => canary.close(resolve))]);
});
beforeEach(() => {
  sink.reset();
  egress = new Egress(parseAllowList([`127.0.0.1:${sink.port}`], { ports: [443, sink.port] }), {
    resolver: dnsResolver({ servers: [names.address], timeoutMs: 200, tries: 1 }),
    connectTimeoutMs: 1_000,
  });
});
afterEach(async () => {
  await egress.destroy();
  expect(heard).toBe(0);
});

const clientTo = (url: string): Client =>
  elasticsearchClient(
    egress,
    { destinationId: 'client', configVersion: 1, caPem: sink.caPem },
    { url, authorization: 'ApiKey t' },
  );

it('asks the cluster that the policy allows, under the token, in media types that every major version knows', async () => {
  expect(await clientTo(sink.url).info()).toMatchObject({ version: { number: '9.0.0' } });
  const [request] = sink.requests;
  expect(request).toMatchObject({ method: 'GET', path: '/', token: 't' });
  expect(JSON.stringify(request?.headers)).not.toContain('compatible-with');
});

it('sends a bulk under a path before the address, and gets its items', async () => {
  const answer = await clientTo(`${sink.url}/proxy/es/`).bulk({
    index: 'logs-x',
    operations: [{ create: { _id: '1' } }, { organization: { id: 'acme' }, auditlane: { seq: 1 }, event: { id: 'e' } }],
  });
  expect(answer).toMatchObject({ errors: false, items: [{ create: { status: 201 } }] });
  expect(sink.requests[0]).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/x-ndjson' } });
  expect(sink.requests[0]?.path).toMatch(/^\/proxy\/es\/.*_bulk/);
  expect(sink.seqs('acme')).toEqual([1]);
});

it.each([
  ['an address on the loopback', () => `https://127.0.0.2:${sink.port}`, 'address_refused'],
  ['the metadata service', () => 'https://169.254.169.254', 'address_refused'],
  ['a private network', () => 'https://10.0.0.1', 'address_refused'],
  ['a name that leads to the loopback', () => `https://rebound.example.com:${sink.port}`, 'destination_refused'],
  ['a name that leads to the metadata service', () => 'https://metadata.example.com', 'destination_refused'],
  ['an address without TLS', () => `http://127.0.0.1:${sink.port}`, 'url_not_https'],
])('sends no packet to %s', async (_, url, code) => {
  const connections = sink.connections;
  await expect(clientTo(url()).info()).rejects.toThrow(code);
  expect(sink.connections).toBe(connections);
});

it.each([301, 302, 303, 307, 308])('follows no redirect (%i), so that the token goes nowhere else', async (status) => {
  sink.always(scripts.redirect(`https://127.0.0.2:${sink.port}/`, status));
  await expect(clientTo(sink.url).info()).rejects.toThrow(errors.ConnectionError);
  expect(sink.requests).toHaveLength(1);
});

it.each([429, 502, 503, 504])('repeats nothing by itself after %i', async (status) => {
  sink.always(scripts.answer(status));
  await expect(clientTo(sink.url).info()).rejects.toThrow(errors.ResponseError);
  expect(sink.requests).toHaveLength(1);
});

it('repeats nothing after a lost connection, and asks nobody for other nodes', async () => {
  sink.always(scripts.reset('body'));
  const client = clientTo(sink.url);
  await expect(client.info()).rejects.toThrow(errors.ConnectionError);
  sink.always(scripts.pass);
  await client.info();
  expect(sink.requests.map(({ path }) => path)).toEqual(['/', '/']);
});

it('believes nobody who does not say that it is Elasticsearch', async () => {
  sink.always(scripts.answer(200, { body: { version: { distribution: 'opensearch', number: '3.0.0' } } }));
  await expect(clientTo(sink.url).info()).rejects.toThrow(errors.ProductNotSupportedError);
});

it('gives up an answer that does not end', async () => {
  sink.always(scripts.endlessBody);
  await expect(clientTo(sink.url).info()).rejects.toThrow('longer than what is read');
});
