// Counts and times every request by method, route template and status: never by raw path, whose values have no end.
import { Counter, type Registry } from 'prom-client';
import { histogram, latencyBuckets } from '@auditlane/observability';

/** What of Fastify is used here. */
interface Hooks {
  addHook(
    name: 'onResponse',
    hook: (
      request: { readonly method: string; readonly routeOptions: { readonly url?: string | undefined } },
      reply: { readonly statusCode: number; readonly elapsedTime: number },
      done: () => void,
    ) => void,
  ): unknown;
}

export function requestMetrics(fastify: Hooks, registry: Registry): void {
  const requests = new Counter({
    name: 'auditlane_http_requests_total',
    help: 'Requests answered',
    labelNames: ['method', 'route', 'code'],
    registers: [registry],
  });
  const duration = histogram(
    registry,
    'auditlane_http_request_duration_seconds',
    'Time from the arrival of a request to the end of its answer',
    latencyBuckets,
    ['method', 'route'],
  );
  fastify.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const method = route === 'none' ? 'other' : request.method;
    requests.inc({ method, route, code: String(reply.statusCode) });
    duration.observe({ method, route }, reply.elapsedTime / 1000);
    done();
  });
}
