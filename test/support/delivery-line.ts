// A line with everything that delivering needs besides: a key ring, an identity server, the API, and leave to reach the receivers.
import { join } from 'node:path';
import { createKeyRingFile } from '@auditlane/secrets';
import {
  expectNoSecret,
  startOidcServer,
  temporaryDirectory,
  tokenMark,
  type DemoRole,
  type ServiceEnvironment,
  type ServiceProcess,
} from '@auditlane/testing';
import { openLine, type Line } from './line';
import type { Receiver } from './receivers';

export interface DeliveryLine extends Line {
  readonly query: ServiceProcess;
  readonly ingestion: ServiceProcess;
  readonly persistence: ServiceProcess;
  /** A request to the API as somebody of a tenant. */
  call(path: string, call: Call): Promise<Answer>;
}

export interface Call {
  readonly tenant: string;
  readonly role: DemoRole;
  readonly method?: string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly etag: string;
  readonly body: unknown;
}

export interface DeliveryLineOptions {
  /** Private addresses are refused unless an operator lists them. The receivers are closed with the line. */
  readonly receivers: readonly Receiver[];
  /** Further addresses that may be reached. */
  readonly reachable?: readonly string[];
  readonly environment?: ServiceEnvironment;
}

/** Waits and intervals shrunk, so that an outage and its end fit into a test. */
const scaledDelivery: ServiceEnvironment = {
  AUDITLANE_DELIVERY_LANE_AGE_MS: '500',
  AUDITLANE_DELIVERY_BACKOFF_BASE_MS: '100',
  AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '1000',
  AUDITLANE_DELIVERY_ABORT_GRACE_MS: '1000',
  AUDITLANE_DELIVERY_STATUS_INTERVAL_MS: '500',
  AUDITLANE_SETTINGS_POLL_MS: '200',
};

/** Opens the line and starts what lies before the forwarders: ingestion, persistence and query. */
export async function openDeliveryLine({
  receivers,
  reachable = [],
  environment,
}: DeliveryLineOptions): Promise<DeliveryLine> {
  const directory = temporaryDirectory('delivery-line');
  const keyRing = join(directory.path, 'key-ring.json');
  createKeyRingFile(keyRing);
  const oidc = await startOidcServer({ port: 0, dataDir: directory.path, tenants: [] });
  const urls = [...receivers.map(({ address }) => address.url), ...reachable];
  const line = await openLine({
    environment: {
      ...scaledDelivery,
      AUDITLANE_OIDC_ISSUER: oidc.issuer,
      AUDITLANE_KEY_RING_FILE: keyRing,
      AUDITLANE_EGRESS_ALLOW: urls.map((url) => new URL(url).host).join(','),
      ...environment,
    },
  });
  const [query, ingestion, persistence] = await Promise.all([
    line.start('query'),
    line.start('ingestion'),
    line.start('persistence'),
  ]);

  return {
    ...line,
    query,
    ingestion,
    persistence,
    async call(path, { tenant, role, method = 'GET', json, headers = {} }) {
      const response = await fetch(`${query.httpUrl}/api/v1${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await oidc.token(tenant, role)}`,
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      });
      const text = await response.text();
      expectNoSecret(`the answer to ${method} ${path}`, text, [tokenMark]);
      const body: unknown = text === '' ? undefined : JSON.parse(text);
      return { status: response.status, etag: response.headers.get('etag') ?? '', body };
    },
    async close() {
      await line.close();
      await oidc.close();
      await Promise.all(receivers.map(async ({ sink }) => sink.close()));
      directory.remove();
    },
  };
}
