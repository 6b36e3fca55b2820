// The embedded OIDC server as its three kinds of users meet it: a machine, a browser, and someone who would misuse it.
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { requestToken, startOidcServer, type OidcServer } from './index';

describe('the embedded OIDC server', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'auditlane-oidc-'));
  let server: OidcServer;

  beforeAll(async () => {
    server = await startOidcServer({ port: 0, dataDir, tenants: ['acme'] });
  });
  afterAll(async () => {
    await server.close();
    rmSync(dataDir, { recursive: true });
  });

  const verify = (token: string) =>
    jwtVerify(token, createRemoteJWKSet(new URL(`${server.issuer}/jwks`)), {
      issuer: server.issuer,
      audience: 'auditlane',
      typ: 'at+jwt',
    });

  it('gives a machine an RFC 9068 token that names tenant and role', async () => {
    const token = await server.token('some.other-tenant', 'exporter');
    const { payload } = await verify(token);
    expect(payload).toMatchObject({ tenant_id: 'some.other-tenant', roles: ['exporter'] });
    expect(decodeProtectedHeader(token).alg).toBe('RS256');
  });

  it('signs a person in by authorization code with PKCE, and asks for the password again when it was wrong', async () => {
    const browser = new Browser();
    const verifier = randomBytes(32).toString('base64url');
    const redirectUri = 'http://127.0.0.1:3000/callback';
    const query = new URLSearchParams({
      client_id: 'auditlane-page',
      response_type: 'code',
      scope: 'openid',
      redirect_uri: redirectUri,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const toSignIn = await browser.get(`${server.issuer}/auth?${query.toString()}`);
    const form = new URL(location(toSignIn), server.issuer).href;
    expect(await (await browser.get(form)).text()).toContain('viewer@acme');

    const refused = await browser.post(form, { account: 'settings-admin@acme', password: 'guess' });
    expect(refused.status).toBe(401);
    const accepted = await browser.post(form, { account: 'settings-admin@acme', password: server.password });
    const back = new URL(location(await browser.get(location(accepted))));
    expect(back.origin + back.pathname).toBe(redirectUri);

    const exchange = await fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin: 'http://127.0.0.1:3000' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        client_id: 'auditlane-page',
        code: back.searchParams.get('code') ?? '',
        redirect_uri: redirectUri,
        code_verifier: verifier,
      }),
    });
    expect(exchange.headers.get('access-control-allow-origin')).toBe('http://127.0.0.1:3000');
    const answer: unknown = await exchange.json();
    expect(answer).toMatchObject({ access_token: expect.any(String), id_token: expect.any(String) });
    const token = String(Object(answer).access_token);
    expect((await verify(token)).payload).toMatchObject({
      sub: 'settings-admin@acme',
      tenant_id: 'acme',
      roles: ['settings-admin'],
    });
  });

  it('keeps its key over a restart, in a file that only its owner reads', async () => {
    const token = await server.token('acme', 'viewer');
    const second = await startOidcServer({ port: 0, dataDir, tenants: [] });
    try {
      const keys = createRemoteJWKSet(new URL(`${second.issuer}/jwks`));
      await expect(jwtVerify(token, keys)).resolves.toMatchObject({ payload: { tenant_id: 'acme' } });
    } finally {
      await second.close();
    }
    expect(statSync(join(dataDir, 'oidc-keys.json')).mode & 0o777).toBe(0o600);
  });

  it('refuses a wrong secret and an account that does not exist', async () => {
    await expect(requestToken(server.issuer, 'wrong', 'viewer@acme')).resolves.toMatchObject({ kind: 'refused' });
    await expect(requestToken(server.issuer, 'wrong', 'root@acme')).resolves.toMatchObject({ kind: 'refused' });
  });

  it('refuses to start where others could reach it, and in production', async () => {
    await expect(startOidcServer({ port: 0, host: '0.0.0.0', dataDir, tenants: [] })).rejects.toThrow('loopback only');
    const before = process.env['NODE_ENV'];
    process.env['NODE_ENV'] = 'production';
    try {
      await expect(startOidcServer({ port: 0, dataDir, tenants: [] })).rejects.toThrow('NODE_ENV=production');
    } finally {
      process.env['NODE_ENV'] = before;
    }
  });
});

function location(response: Response): string {
  const target = response.headers.get('location');
  if (target === null) throw new Error(`a redirect was expected, not ${response.status}`);
  return target;
}

/** Follows no redirect by itself and keeps cookies, as far as one sign-in needs it. */
class Browser {
  private readonly cookies = new Map<string, string>();

  get(url: string): Promise<Response> {
    return this.send(url, {});
  }

  post(url: string, form: Record<string, string>): Promise<Response> {
    return this.send(url, { method: 'POST', body: new URLSearchParams(form) });
  }

  private async send(url: string, init: RequestInit): Promise<Response> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const response = await fetch(url, { ...init, headers: { cookie }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';', 1);
      const equals = pair.indexOf('=');
      this.cookies.set(pair.slice(0, equals), pair.slice(equals + 1));
    }
    return response;
  }
}
