// The embedded OIDC server: a real, certified provider on loopback for demos, tests and the first hour. Production uses its own.
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIPv4 } from 'node:net';
import type { Provider } from 'oidc-provider';
import { accountName, claimsOf, demoRoles, type DemoRole } from './accounts';
import { readOrCreateKeys, type OidcKeys } from './key-file';
import { requestToken } from './machine-client';
import { createProvider, interactionPath } from './provider';
import { signInPage } from './sign-in-page';

export interface OidcServerOptions {
  /** 0 picks a free port. */
  readonly port: number;
  readonly host?: string;
  /** Keys and secrets are kept here, so that tokens outlive a restart. */
  readonly dataDir: string;
  /** Tenants whose accounts the sign-in page offers; those of any other well-formed tenant can be typed in. */
  readonly tenants: readonly string[];
  readonly audience?: string;
  /** Where the admin page is served: redirects and cross-origin token requests are accepted from there only. */
  readonly pageOrigin?: string;
}

export interface OidcServer {
  readonly issuer: string;
  readonly port: number;
  /** Signs in every demo account. */
  readonly password: string;
  /** A bearer token of this tenant with this one role, by the client credentials grant. */
  token(tenant: string, role: DemoRole): Promise<string>;
  close(): Promise<void>;
}

/** @throws where it would be reachable from outside, or NODE_ENV is production: everybody who reaches it can become anybody. */
export async function startOidcServer(options: OidcServerOptions): Promise<OidcServer> {
  const host = options.host ?? '127.0.0.1';
  if (process.env['NODE_ENV'] === 'production')
    throw new Error(
      'the embedded OIDC server does not run with NODE_ENV=production; set AUDITLANE_OIDC_ISSUER to yours',
    );
  if (!isLoopback(host)) throw new Error(`the embedded OIDC server listens on loopback only, not on ${host}`);

  const keys = readOrCreateKeys(options.dataDir);
  const server = createServer();
  const port = await listen(server, options.port, host);
  const issuer = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const provider = await createProvider({
    issuer,
    keys,
    audience: options.audience ?? 'auditlane',
    pageOrigin: options.pageOrigin ?? 'http://127.0.0.1:3000',
  });
  const accounts = options.tenants.flatMap((tenant) => demoRoles.map((role) => accountName(tenant, role)));
  const protocol = provider.callback();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (request.url?.startsWith(interactionPath)) void signIn(provider, keys, accounts, request, response);
    else void protocol(request, response);
  });

  return {
    issuer,
    port,
    password: keys.password,
    async token(tenant, role) {
      const answer = await requestToken(issuer, keys.clientSecret, accountName(tenant, role));
      if (answer.kind === 'token') return answer.token;
      throw new Error(`no token for ${accountName(tenant, role)}: ${answer.words}`);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function isLoopback(host: string): boolean {
  return host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('the server has no address');
  return address.port;
}

/** GET shows the form, POST checks it; the provider's own cookie ties both to the sign-in they belong to. */
async function signIn(
  provider: Provider,
  keys: OidcKeys,
  accounts: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await provider.interactionDetails(request, response);
    if (request.method !== 'POST') return show(response, 200, { action: request.url ?? '', accounts });
    const form = new URLSearchParams(await readForm(request));
    const account = form.get('account') ?? '';
    if (!claimsOf(account) || !sameText(form.get('password') ?? '', keys.password))
      return show(response, 401, {
        action: request.url ?? '',
        accounts,
        fault: 'No such account, or another password. npm start prints the password.',
      });
    return await provider.interactionFinished(request, response, { login: { accountId: account } });
  } catch {
    // An expired or foreign sign-in; a detail would only help someone who has no business here.
    if (response.headersSent) return void response.destroy();
    response.writeHead(400, { 'content-type': 'text/plain' }).end('This sign-in has expired. Open the page again.\n');
  }
}

function show(response: ServerResponse, status: number, page: Parameters<typeof signInPage>[0]): void {
  response
    .writeHead(status, {
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'x-frame-options': 'DENY',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    })
    .end(signInPage(page));
}

async function readForm(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > 4096) throw new Error('the form is too long');
  }
  return text;
}

function sameText(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
