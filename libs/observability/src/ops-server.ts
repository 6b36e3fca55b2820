// Serves /metrics, /livez and /readyz of a process on a port of its own, apart from any API.
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Health, HealthReport } from './health';

export interface OpsServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startOpsServer(
  host: string,
  port: number,
  registry: Registry,
  health: Health,
): Promise<OpsServer> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') end(response, 405, 'text/plain', 'GET only\n');
    else if (path === '/livez') endReport(response, health.alive());
    else if (path === '/readyz') void health.ready().then((report) => endReport(response, report));
    else if (path === '/metrics') {
      registry.metrics().then(
        (text) => end(response, 200, registry.contentType, text),
        () => end(response, 500, 'text/plain', 'metrics could not be collected\n'),
      );
    } else end(response, 404, 'text/plain', 'There is /metrics, /livez and /readyz here.\n');
  });
  server.requestTimeout = 10_000;
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    port: boundPort(server.address()),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function boundPort(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address ? address.port : 0;
}

function endReport(response: ServerResponse, report: HealthReport): void {
  end(response, report.ok ? 200 : 503, 'application/json', `${JSON.stringify(report)}\n`);
}

function end(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
