// Whoever sends a request drop by drop, or nothing at all, holds a connection for no longer than a request may take.
import { connect } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createLogger, createRegistry } from '@auditlane/observability';
import { TokenVerifier } from '../src/auth/token-verifier';
import { createHttpApp } from '../src/http-app';

class EmptyModule {}

let app: NestFastifyApplication;
beforeAll(async () => {
  app = await createHttpApp(
    { module: EmptyModule },
    {
      verifier: new TokenVerifier({ issuer: 'http://127.0.0.1:9', audience: 'auditlane' }),
      logger: createLogger('query', 'test', 'fatal'),
      registry: createRegistry('query', 'test', '0'),
      requestMs: 300,
    },
  );
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

const head =
  'POST /api/v1/destinations HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n';

it.each([
  ['nothing', '', ''],
  ['a head without end', 'GET /api/v1/events HTTP/1.1\r\n', 'X-A: b\r\n'],
  ['a body without end', head, ' '],
])(
  'cuts off a client that sends %s',
  async (_name, first, drop) => {
    const { port } = new URL(await app.getUrl());
    const socket = connect(Number(port), '127.0.0.1', () => socket.write(first));
    const dripping = setInterval(() => socket.writable && socket.write(drop), 20);
    socket.on('error', () => undefined).resume();
    try {
      await new Promise((resolve) => socket.once('close', resolve));
      expect(socket.destroyed).toBe(true);
    } finally {
      clearInterval(dripping);
      socket.destroy();
    }
  },
  15_000,
);
