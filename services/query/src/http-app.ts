// Puts the routes behind HTTP: strict parsing, small limits, one guard, one shape for everything that goes wrong.
import { StandardSchemaValidationPipe, type DynamicModule } from '@nestjs/common';
import { NestFactory, Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Registry } from 'prom-client';
import { counter, type Logger } from '@auditlane/observability';
import { AccessGuard } from './auth/access.guard';
import { refusalReasons, type TokenVerifier } from './auth/token-verifier';
import { requestMetrics } from './http-metrics';
import { apiPrefix, createOpenApiDocument } from './openapi/openapi-document';
import { faultsOfIssues } from './problem/faults-of-issues';
import { problem, ProblemError } from './problem/problem';
import { ProblemFilter, problemOfStatus } from './problem/problem.filter';

export interface HttpAppOptions {
  readonly verifier: TokenVerifier;
  readonly logger: Logger;
  readonly registry: Registry;
  /** For the head and the body of a request together: whoever sends them drop by drop is cut off. */
  readonly requestMs?: number;
}

/** Where no route was found yet, there is only the socket's own reply to write to. */
interface RawReply {
  writeHead(status: number, headers: Record<string, string>): unknown;
  end(body: string): unknown;
}

/** A CA bundle is the largest thing that anybody sends here. */
const bodyBytes = 128 * 1024;
export async function createHttpApp(
  module: DynamicModule,
  { verifier, logger, registry, requestMs = 10_000 }: HttpAppOptions,
): Promise<NestFastifyApplication> {
  const adapter = new FastifyAdapter({
    bodyLimit: bodyBytes,
    requestTimeout: requestMs,
    // Node takes the larger of the two times for the whole request, and looks only so often.
    http: { headersTimeout: requestMs, requestTimeout: requestMs, connectionsCheckingInterval: requestMs / 10 },
    connectionTimeout: 2 * requestMs,
    // Connections that wait for nothing must not hold up a stop.
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    exposeHeadRoutes: false,
    frameworkErrors: (error: { statusCode?: number }, _request: unknown, reply: { raw: RawReply }) => {
      const answer = problemOfStatus(error.statusCode ?? 400);
      reply.raw.writeHead(answer.status, { 'content-type': 'application/problem+json', 'cache-control': 'no-store' });
      reply.raw.end(JSON.stringify(answer));
    },
    clientErrorHandler: (error, socket) => {
      if (!socket.writable) return;
      const answer = problemOfStatus(error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400);
      const body = JSON.stringify(answer);
      socket.end(
        `HTTP/1.1 ${answer.status} ${answer.title}\r\nContent-Type: application/problem+json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
      );
    },
  });
  const fastify = adapter.getInstance();
  // A form of another site can send text/plain without asking; nothing here is written in it.
  fastify.removeContentTypeParser('text/plain');
  fastify.addHook('onRequest', (_request, reply, done) => {
    reply.header('cache-control', 'no-store');
    reply.header('x-content-type-options', 'nosniff');
    done();
  });
  closeAfterAnswering(fastify);
  requestMetrics(fastify, registry);

  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: false,
    abortOnError: false,
    bodyParser: false,
  });
  app.setGlobalPrefix(apiPrefix);
  const refusals = counter(
    registry,
    'auditlane_sign_in_failures_total',
    'Requests refused for their token, by reason',
    {
      reason: ['missing', 'role', 'keys_unavailable', ...refusalReasons],
    },
  );
  app.useGlobalGuards(new AccessGuard(app.get(Reflector), verifier, refusals, logger));
  app.useGlobalFilters(new ProblemFilter(logger));
  app.useGlobalPipes(
    new StandardSchemaValidationPipe({
      exceptionFactory: (issues) =>
        new ProblemError(problem('invalid-request', 'See errors for each fault.', faultsOfIssues(issues))),
    }),
  );
  const document = JSON.stringify(createOpenApiDocument(app));
  fastify.get('/api/openapi.json', (_request, reply) => reply.type('application/json').send(document));
  await app.init();
  return app;
}

/** What of Fastify is used for it. */
interface ClosingHooks {
  addHook(name: 'preClose', hook: (done: () => void) => void): unknown;
  addHook(
    name: 'onSend',
    hook: (
      request: unknown,
      reply: { header(name: string, value: string): unknown },
      payload: unknown,
      done: () => void,
    ) => void,
  ): unknown;
}

/** A connection that answers during a stop would be kept alive by its client, and hold the stop up. */
function closeAfterAnswering(fastify: ClosingHooks): void {
  let closing = false;
  fastify.addHook('preClose', (done) => {
    closing = true;
    done();
  });
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
}
