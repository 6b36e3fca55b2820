// The demo accounts of the embedded OIDC server: one per tenant and role, named so that the name alone says what it may do.

export const demoRoles = ['viewer', 'exporter', 'settings-admin', 'operator'] as const;
export type DemoRole = (typeof demoRoles)[number];

/** What a token of this server says of its holder, beside the standard claims. */
export interface TenantClaims {
  readonly tenant_id: string;
  readonly roles: readonly DemoRole[];
}

const tenantPattern = /^[A-Za-z0-9._-]{1,64}$/;

export function isDemoRole(text: string): text is DemoRole {
  return demoRoles.some((role) => role === text);
}

export function isTenant(text: string): boolean {
  return tenantPattern.test(text);
}

/** The account id and sign-in name of a role in a tenant, e.g. `settings-admin@acme`. */
export function accountName(tenant: string, role: DemoRole): string {
  return `${role}@${tenant}`;
}

/** `undefined` where the name is not one of a demo account. Any well-formed tenant has its accounts: tenants need no registration. */
export function claimsOf(account: string): TenantClaims | undefined {
  const at = account.indexOf('@');
  const role = account.slice(0, Math.max(at, 0));
  const tenant = account.slice(at + 1);
  return isDemoRole(role) && isTenant(tenant) ? { tenant_id: tenant, roles: [role] } : undefined;
}
