// The front door of the embedded OIDC server.
export { accountName, claimsOf, demoRoles, isDemoRole, isTenant, type DemoRole } from './accounts';
export { readKeys, type OidcKeys } from './key-file';
export { requestToken, type TokenRequest } from './machine-client';
export { interactionPath, pageClientId } from './provider';
export { startOidcServer, type OidcServer, type OidcServerOptions } from './server';
