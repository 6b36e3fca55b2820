// A sink as a process of its own, for `npm start` and benches: prints one line of JSON when it is ready, and lets itself be asked
// and told things over plain HTTP on a second port of the loopback.
import { createServer, type IncomingMessage } from 'node:http';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { certificatesFromFile } from './certificates';
import { Sink } from './sink';
import { answer, pass } from './script';

const argumentsSchema = z.object({
  face: z.enum(['hec', 'http', 'bulk']),
  port: z.coerce.number().int().min(0).max(65_535).default(0),
  'control-port': z.coerce.number().int().min(0).max(65_535).default(0),
  token: z.string().min(1).default('sink-token'),
  /** Keeps CA and certificate over restarts. */
  certificates: z.string().optional(),
  fast: z.boolean().default(false),
  'use-ack': z.boolean().default(false),
  /** Requests that the journal keeps. */
  keep: z.coerce.number().int().min(0).default(1000),
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      face: { type: 'string' },
      port: { type: 'string' },
      'control-port': { type: 'string' },
      token: { type: 'string' },
      certificates: { type: 'string' },
      fast: { type: 'boolean' },
      'use-ack': { type: 'boolean' },
      keep: { type: 'string' },
    },
  });
  const given = argumentsSchema.parse(values);
  const sink = await Sink.start({
    face: given.face,
    port: given.port,
    token: given.token,
    fast: given.fast,
    journalLimit: given.keep,
    hec: { useAck: given['use-ack'] },
    ...(given.certificates === undefined ? {} : { certificates: await certificatesFromFile(given.certificates) }),
  });
  const control = createServer((request, response) => {
    handle(sink, request).then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      () => response.writeHead(400).end(),
    );
  });
  await new Promise<void>((resolve) => control.listen(given['control-port'], '127.0.0.1', resolve));
  const address = control.address();
  const controlPort = typeof address === 'object' && address !== null ? address.port : 0;
  process.stdout.write(
    `${JSON.stringify({ ready: true, face: given.face, url: sink.url, control: `http://127.0.0.1:${controlPort}`, caPem: sink.caPem })}\n`,
  );
  const stop = () => {
    control.close();
    control.closeAllConnections();
    void sink.close();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

const toldSchema = z.object({
  /** Answer every request with this status; left out: behave. */
  status: z.int().min(200).max(599).optional(),
  token: z.string().min(1).optional(),
  reset: z.boolean().optional(),
});

async function handle(sink: Sink, request: IncomingMessage): Promise<{ status: number; body: unknown }> {
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const tenant = url.searchParams.get('tenant') ?? undefined;
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /__sink/counts':
      return {
        status: 200,
        body: { requests: sink.journal.requests, taken: sink.journal.taken, tenants: Object.fromEntries(sink.counts) },
      };
    case 'GET /__sink/events':
      return { status: 200, body: sink.received(tenant) };
    case 'GET /__sink/duplicates':
      return { status: 200, body: sink.duplicates() };
    case 'GET /__sink/requests':
      return {
        status: 200,
        body: sink.requests.map(
          ({ body, headers: { authorization: _secret, ...headers }, token: _token, ...entry }) => ({
            ...entry,
            headers,
            body: body.toString('utf8'),
          }),
        ),
      };
    case 'POST /__sink/tell': {
      const chunks: Buffer[] = [];
      for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      const told = toldSchema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      if (told.reset) sink.reset();
      if (told.token !== undefined) sink.setToken(told.token);
      sink.always(told.status === undefined ? pass : answer(told.status));
      return { status: 200, body: { told } };
    }
    default:
      return { status: 404, body: { error: 'no such path' } };
  }
}

void main();
