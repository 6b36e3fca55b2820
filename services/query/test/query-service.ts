// The query service as its users meet it: the real process, a real database, a real OIDC server.
import { join } from 'node:path';
import { createKeyRingFile } from '@auditlane/secrets';
import {
  expectNoSecret,
  freshDatabase,
  startOidcServer,
  startService,
  temporaryDirectory,
  tokenMark,
  type DemoRole,
  type OidcServer,
  type ServiceProcess,
  type TestDatabase,
} from '@auditlane/testing';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed, where it is JSON. */
  readonly body: unknown;
}

export interface Call {
  readonly method?: string;
  /** A tenant and role of the OIDC server, or a token as it is; left out: no token. */
  readonly as?: readonly [tenant: string, role: DemoRole] | string;
  readonly json?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface QueryUnderTest {
  readonly service: ServiceProcess;
  readonly db: TestDatabase;
  readonly oidc: OidcServer;
  readonly dataDir: string;
  call(path: string, call?: Call): Promise<Answer>;
  stop(): Promise<void>;
}

export async function startQueryUnderTest(env: Readonly<Record<string, string>> = {}): Promise<QueryUnderTest> {
  const directory = temporaryDirectory('query-test');
  const db = await freshDatabase();
  const oidc = await startOidcServer({ port: 0, dataDir: directory.path, tenants: [] });
  const keyRing = join(directory.path, 'key-ring.json');
  createKeyRingFile(keyRing);
  const service = await startService('query', {
    AUDITLANE_DATABASE_URL: db.url('query'),
    AUDITLANE_OIDC_ISSUER: oidc.issuer,
    AUDITLANE_KEY_RING_FILE: keyRing,
    ...env,
  });
  return {
    service,
    db,
    oidc,
    dataDir: directory.path,
    async call(path, { method = 'GET', as, json, headers = {} } = {}) {
      const token = as === undefined || typeof as === 'string' ? as : await oidc.token(as[0], as[1]);
      const response = await fetch(`${service.httpUrl}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
      });
      const text = await response.text();
      expectNoSecret(`the answer to ${method} ${path}`, text, [tokenMark]);
      return { status: response.status, headers: response.headers, text, body: parsed(text) };
    },
    async stop() {
      await service.stop();
      await oidc.close();
      directory.remove();
    },
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
