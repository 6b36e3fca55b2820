// Verifies bearer tokens against the keys that the issuer publishes. Only asymmetric algorithms: a public key must never verify as a shared secret.
import { createRemoteJWKSet, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { principalOf, type Principal } from './domain/principal';

const algorithms = 'RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519'.split(' ');
const clockToleranceSeconds = 30;

export const refusalReasons = ['expired', 'claims', 'signature', 'malformed', 'tenant'] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** `unavailable`: the issuer's keys could not be had, which says nothing about the token. */
export type Verification =
  | { readonly kind: 'verified'; readonly principal: Principal }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }
  | { readonly kind: 'unavailable'; readonly error: unknown };

export interface TokenRules {
  readonly issuer: string;
  readonly audience: string;
}

export class TokenVerifier {
  private readonly keys: JWTVerifyGetKey;

  constructor(private readonly rules: TokenRules) {
    this.keys = issuerKeys(rules.issuer);
  }

  async verify(token: string): Promise<Verification> {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(token, this.keys, {
        issuer: this.rules.issuer,
        audience: this.rules.audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp', 'iat', 'sub'],
      }));
    } catch (error) {
      const reason = reasonOf(error);
      return reason === 'unavailable' ? { kind: 'unavailable', error } : { kind: 'refused', reason };
    }
    // jose looks at iat only where a longest age is set; a token from the future is one nobody should have yet.
    const now = Date.now() / 1000;
    if (payload.iat === undefined || payload.iat > now + clockToleranceSeconds)
      return { kind: 'refused', reason: 'claims' };
    const principal = principalOf(payload);
    return principal ? { kind: 'verified', principal } : { kind: 'refused', reason: 'tenant' };
  }
}

const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** Keys are found by discovery on first use; a discovery that fails is tried again with the next request. */
function issuerKeys(issuer: string): JWTVerifyGetKey {
  let found: Promise<JWTVerifyGetKey> | undefined;
  return async (header, token) => {
    found ??= discover(issuer).catch((error: unknown) => {
      found = undefined;
      throw error;
    });
    return (await found)(header, token);
  };
}

async function discover(issuer: string): Promise<JWTVerifyGetKey> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, {
    redirect: 'error',
    signal: AbortSignal.timeout(5_000),
  });
  if (!response.ok) throw new Error(`the discovery document of ${issuer} answers HTTP ${response.status}`);
  const document = discoverySchema.parse(await response.json());
  if (document.issuer !== issuer) throw new Error(`the discovery document is of ${document.issuer}, not of ${issuer}`);
  const keys = new URL(document.jwks_uri);
  if (issuer.startsWith('https:') && keys.protocol !== 'https:')
    throw new Error(`the keys of ${issuer} are not served over https: ${keys.href}`);
  return createRemoteJWKSet(keys, { timeoutDuration: 5_000 });
}

const reasons: ReadonlyMap<string, RefusalReason> = new Map([
  ['ERR_JWT_EXPIRED', 'expired'],
  ['ERR_JWT_CLAIM_VALIDATION_FAILED', 'claims'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'signature'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'signature'],
  ['ERR_JWKS_MULTIPLE_MATCHING_KEYS', 'signature'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'malformed'],
  ['ERR_JOSE_NOT_SUPPORTED', 'malformed'],
  ['ERR_JWS_INVALID', 'malformed'],
  ['ERR_JWT_INVALID', 'malformed'],
]);

/** Whatever jose does not name is about fetching the keys. */
function reasonOf(error: unknown): RefusalReason | 'unavailable' {
  const code: unknown = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return (typeof code === 'string' ? reasons.get(code) : undefined) ?? 'unavailable';
}
