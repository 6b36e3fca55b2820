// Who is let in: every way of coming without a good token ends in the same 401, and a good one opens only what its role opens.
import { createServer, type Server } from 'node:http';
import { request } from 'node:http';
import { createPublicKey } from 'node:crypto';
import { exportJWK, generateKeyPair, importJWK, SignJWT, UnsecuredJWT, type JWTPayload } from 'jose';
import { eventually, freePort, readKeys } from '@auditlane/testing';
import { startQueryUnderTest, type QueryUnderTest } from './query-service';

let query: QueryUnderTest;
let foreignKeys: Server;
let foreignKeysAsked = 0;
beforeAll(async () => {
  query = await startQueryUnderTest();
  foreignKeys = createServer((_request, response) => {
    foreignKeysAsked++;
    response.end('{"keys":[]}');
  });
  await new Promise<void>((resolve) => foreignKeys.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  await query.stop();
  await new Promise((resolve) => foreignKeys.close(resolve));
});

const now = () => Math.floor(Date.now() / 1000);

function claims(changed: Record<string, unknown> = {}): JWTPayload {
  const good: Record<string, unknown> = {
    iss: query.oidc.issuer,
    aud: 'auditlane',
    sub: 'jane',
    iat: now(),
    exp: now() + 300,
    tenant_id: 'acme',
    roles: ['viewer'],
  };
  return Object.fromEntries(Object.entries({ ...good, ...changed }).filter(([, value]) => value !== undefined));
}

/** Signed with the issuer's own key: everything is right but for what is changed. */
async function signed(payload: JWTPayload, header: Record<string, unknown> = {}): Promise<string> {
  const jwk = readKeys(query.dataDir)?.signingKey;
  if (!jwk) throw new Error('the OIDC server has left no keys');
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'RS256', kid: jwk.kid, ...header })
    .sign(await importJWK(jwk, 'RS256'));
}

async function publicKeyPem(): Promise<string> {
  const jwk = readKeys(query.dataDir)?.signingKey;
  return createPublicKey({ key: { kty: 'RSA', n: jwk?.n, e: jwk?.e }, format: 'jwk' })
    .export({ format: 'pem', type: 'spki' })
    .toString();
}

async function foreignSigned(header: Record<string, unknown>): Promise<string> {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  return new SignJWT(claims())
    .setProtectedHeader({ alg: 'RS256', jwk: await exportJWK(publicKey), ...header })
    .sign(privateKey);
}

const ownKid = () => readKeys(query.dataDir)?.signingKey.kid;
const port = () => Object(foreignKeys.address()).port;

describe('a token', () => {
  it('that is good is let in', async () => {
    expect((await query.call('/api/v1/events', { as: await signed(claims()) })).status).toBe(200);
    expect((await query.call('/api/v1/events', { as: await signed(claims({ exp: now() - 10 })) })).status).toBe(200);
  });

  it.each<[string, () => Promise<string> | string]>([
    ['is not a JWT', () => 'abc'],
    ['is unsigned (alg none)', () => new UnsecuredJWT(claims()).encode()],
    [
      'is signed with the public key as a shared secret (HS256)',
      async () =>
        new SignJWT(claims())
          .setProtectedHeader({ alg: 'HS256', kid: ownKid() ?? '' })
          .sign(new TextEncoder().encode(await publicKeyPem())),
    ],
    ['is signed with a key of its own under our key id', () => foreignSigned({ kid: ownKid() })],
    ['brings its own key (jwk)', () => foreignSigned({})],
    [
      'names a key address (jku, x5u)',
      () => foreignSigned({ kid: 'k', jku: `http://127.0.0.1:${port()}/`, x5u: `http://127.0.0.1:${port()}/` }),
    ],
    ['has a key id like a path', () => foreignSigned({ kid: '../../../../etc/passwd' })],
    ['has a key id like SQL', () => foreignSigned({ kid: "' or 1=1 --" })],
    [
      'was altered',
      async () =>
        (await signed(claims())).replace(
          /\.[^.]+\./,
          `.${Buffer.from(JSON.stringify(claims({ tenant_id: 'other' }))).toString('base64url')}.`,
        ),
    ],
    ['has expired', () => signed(claims({ exp: now() - 61 }))],
    ['never expires', () => signed(claims({ exp: undefined }))],
    ['is not valid yet', () => signed(claims({ nbf: now() + 61 }))],
    ['was issued in the future', () => signed(claims({ iat: now() + 61 }))],
    ['is of another issuer', () => signed(claims({ iss: 'https://id.example.test' }))],
    ['is for another audience', () => signed(claims({ aud: 'another-api' }))],
    ['is for no audience', () => signed(claims({ aud: undefined }))],
    ['names no tenant', () => signed(claims({ tenant_id: undefined }))],
    ['names several tenants', () => signed(claims({ tenant_id: ['acme', 'other'] }))],
    ['names an empty tenant', () => signed(claims({ tenant_id: '' }))],
    ['names any tenant (*)', () => signed(claims({ tenant_id: '*' }))],
    ['has roles that are no list', () => signed(claims({ roles: 'settings-admin' }))],
    ['has 16 kB', () => `${'a'.repeat(12_000)}.b.c`],
  ])('that %s is refused', async (_name, make) => {
    const answer = await query.call('/api/v1/events', { as: await make() });
    expect(answer.status).toBe(401);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
    expect(answer.body).toEqual({
      type: 'https://auditlane.dev/problems/unauthenticated',
      title: 'A valid bearer token is needed',
      status: 401,
      detail: expect.any(String),
    });
  });

  it('never makes the service fetch keys from where it says', () => {
    expect(foreignKeysAsked).toBe(0);
  });

  it('counts for nothing in the query string, and does not reach the log there', async () => {
    const token = await query.oidc.token('acme', 'viewer');
    expect((await query.call(`/api/v1/events?access_token=${token}`)).status).toBe(401);
    expect((await query.call(`/api/v1/events?access_token=${token}`, { as: token })).status).toBe(400);
    expect(query.service.logs()).not.toContain(token.slice(-40));
  });

  it('is not taken from two Authorization headers, or under another scheme', async () => {
    const token = await query.oidc.token('acme', 'viewer');
    expect(await statusWith(['Authorization', `Bearer ${token}`, 'Authorization', `Bearer ${token}`])).toBe(401);
    expect(await statusWith(['Authorization', `Basic ${token}`])).toBe(401);
    expect(await statusWith(['Authorization', `Bearer ${token}`])).toBe(200);
  });
});

function statusWith(headers: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const url = new URL('/api/v1/events', query.service.httpUrl);
    request(url, { headers: ['Host', url.host, ...headers], agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on('error', reject)
      .end();
  });
}

describe('a role', () => {
  it.each([
    ['viewer', '/api/v1/events', 200],
    ['viewer', '/api/v1/catalogue', 200],
    ['viewer', '/api/v1/destinations', 403],
    ['exporter', '/api/v1/events', 200],
    ['exporter', '/api/v1/destinations', 403],
    ['settings-admin', '/api/v1/events', 200],
    ['settings-admin', '/api/v1/destinations', 200],
    ['operator', '/api/v1/events', 403],
    ['operator', '/api/v1/destinations', 403],
  ] as const)('%s gets from %s the answer %i', async (role, path, status) => {
    expect((await query.call(path, { as: ['acme', role] })).status).toBe(status);
  });

  it('does not let a viewer write settings, whatever the method', async () => {
    const id = '00000000-0000-4000-8000-000000000000';
    for (const [method, path] of [
      ['POST', '/api/v1/destinations'],
      ['POST', '/api/v1/destinations/test'],
      ['PUT', `/api/v1/destinations/${id}`],
      ['DELETE', `/api/v1/destinations/${id}`],
    ] as const)
      expect((await query.call(path, { method, as: ['acme', 'viewer'], json: {} })).status).toBe(403);
  });

  it('is missing in a token without any of ours', async () => {
    expect(
      (await query.call('/api/v1/events', { as: await signed(claims({ roles: ['admin', 'root'] })) })).status,
    ).toBe(403);
  });
});

it('answers 503 while the issuer is away, and logs why once', async () => {
  const away = await startQueryUnderTest({ AUDITLANE_OIDC_ISSUER: `http://127.0.0.1:${await freePort()}` });
  try {
    const token = await signed(claims());
    for (let i = 0; i < 3; i++) {
      const answer = await away.call('/api/v1/events', { as: token });
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2']);
    }
    await eventually(() => away.service.logs().includes('the keys of the issuer cannot be had'));
    expect(away.service.logs().match(/the keys of the issuer cannot be had/g)).toHaveLength(1);
    expect(away.service.logs()).not.toContain(token.slice(-40));
  } finally {
    await away.stop();
  }
});

it('counts refusals by reason', async () => {
  const metrics = await query.service.metrics();
  expect(metrics.value('auditlane_sign_in_failures_total', { reason: 'expired' })).toBeGreaterThan(0);
  expect(metrics.value('auditlane_sign_in_failures_total', { reason: 'role' })).toBeGreaterThan(0);
});
