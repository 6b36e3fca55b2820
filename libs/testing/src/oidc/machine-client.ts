// The machine clients of the embedded server: one per demo account, all with the secret of the data folder.
import { claimsOf, type TenantClaims } from './accounts';

const prefix = 'machine:';

export function machineClientId(account: string): string {
  return prefix + account;
}

export function claimsOfMachineClient(clientId: string): TenantClaims | undefined {
  return clientId.startsWith(prefix) ? claimsOf(clientId.slice(prefix.length)) : undefined;
}

export type TokenRequest =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'refused'; readonly words: string }
  | { readonly kind: 'unreachable'; readonly words: string };

/** A bearer token by the client credentials grant, from a server that runs at `issuer`. */
export async function requestToken(issuer: string, clientSecret: string, account: string): Promise<TokenRequest> {
  const credentials = Buffer.from(
    `${encodeURIComponent(machineClientId(account))}:${encodeURIComponent(clientSecret)}`,
  ).toString('base64');
  let response: Response;
  try {
    response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${credentials}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
      signal: AbortSignal.timeout(10_000),
    });
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    return { kind: 'unreachable', words: cause };
  }
  const body: unknown = await response.json().catch(() => undefined);
  const token = field(body, 'access_token');
  if (response.ok && token !== undefined) return { kind: 'token', token };
  return {
    kind: 'refused',
    words: field(body, 'error_description') ?? field(body, 'error') ?? `HTTP ${response.status}`,
  };
}

function field(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Reflect.get(body, name);
  return typeof value === 'string' ? value : undefined;
}
