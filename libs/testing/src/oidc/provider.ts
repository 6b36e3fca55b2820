// How oidc-provider is set up: code + PKCE for the page, client credentials for machines, JWT access tokens with our two claims.
import type { AccessToken, AdapterPayload, ClientCredentials, Configuration, Provider } from 'oidc-provider';
import { claimsOf, type TenantClaims } from './accounts';
import type { OidcKeys } from './key-file';
import { claimsOfMachineClient } from './machine-client';
import { memoryStore } from './memory-store';

export const pageClientId = 'auditlane-page';
export const interactionPath = '/sign-in/';
const resource = 'urn:auditlane:api';
const tokenSeconds = 3600;

export interface ProviderOptions {
  readonly issuer: string;
  readonly keys: OidcKeys;
  readonly audience: string;
  readonly pageOrigin: string;
}

export async function createProvider({ issuer, keys, audience, pageOrigin }: ProviderOptions): Promise<Provider> {
  // oidc-provider is an ES module with a top-level await; only import() loads it from here.
  const { Provider, interactionPolicy } = await import('oidc-provider');
  const policy = interactionPolicy.base();
  // The page is our own: asking whether it may act for the person who just signed in would ask nothing.
  policy.remove('consent');
  const machineClient = (clientId: string): AdapterPayload => ({
    client_id: clientId,
    client_secret: keys.clientSecret,
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
  });
  const configuration: Configuration = {
    adapter: memoryStore(machineClient),
    jwks: { keys: [keys.signingKey] },
    cookies: { keys: [keys.cookieKey] },
    clients: [
      {
        client_id: pageClientId,
        application_type: 'native',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        response_types: ['code'],
        redirect_uris: [`${pageOrigin}/`, `${pageOrigin}/callback`],
        post_logout_redirect_uris: [`${pageOrigin}/`],
      },
    ],
    clientBasedCORS: (_ctx, origin, client) => client.clientId === pageClientId && origin === pageOrigin,
    pkce: { required: () => true },
    scopes: ['openid'],
    claims: { openid: ['sub', 'tenant_id', 'roles', 'email'] },
    conformIdTokenClaims: false,
    findAccount: (_ctx, account) => {
      const claims = claimsOf(account);
      return claims && { accountId: account, claims: () => ({ sub: account, email: account, ...claims }) };
    },
    extraTokenClaims: (_ctx, token) => ({ ...tenantClaims(token) }),
    ttl: {
      AccessToken: tokenSeconds,
      ClientCredentials: tokenSeconds,
      IdToken: tokenSeconds,
      AuthorizationCode: 60,
      Interaction: 600,
      Session: 8 * 3600,
      Grant: 8 * 3600,
    },
    interactions: { policy, url: (_ctx, interaction) => `${interactionPath}${interaction.uid}` },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        accountId: oidc.session?.accountId,
        clientId: oidc.client?.clientId,
      });
      grant.addOIDCScope('openid');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => resource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: '',
          audience,
          accessTokenTTL: tokenSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
  return new Provider(issuer, configuration);
}

function tenantClaims(token: AccessToken | ClientCredentials): TenantClaims | undefined {
  if ('accountId' in token) return claimsOf(token.accountId);
  return token.clientId === undefined ? undefined : claimsOfMachineClient(token.clientId);
}
