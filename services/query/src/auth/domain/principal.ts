// Who a request comes from, read out of verified claims; and which role may do what.
import { tenantIdSchema } from '@auditlane/contracts';
import { z } from 'zod';

export const roles = ['viewer', 'exporter', 'settings-admin', 'operator'] as const;
export type Role = (typeof roles)[number];

export interface Principal {
  readonly subject: string;
  readonly tenant: string;
  readonly roles: ReadonlySet<Role>;
}

/**
 * What a role may do besides its own: who sets up streaming for a tenant may read what is streamed. The operator works across
 * tenants and is given none of their events.
 */
const implied: Readonly<Record<Role, readonly Role[]>> = {
  viewer: [],
  exporter: ['viewer'],
  'settings-admin': ['exporter', 'viewer'],
  operator: [],
};

const claimsSchema = z.object({
  sub: z.string().min(1).max(256),
  tenant_id: tenantIdSchema,
  roles: z.array(z.string().max(256)).max(64),
});

/** `undefined` where a claim is missing or of another shape: a list of tenants or a wildcard is no tenant. Roles of other systems are passed over. */
export function principalOf(claims: unknown): Principal | undefined {
  const parsed = claimsSchema.safeParse(claims);
  if (!parsed.success) return undefined;
  return { subject: parsed.data.sub, tenant: parsed.data.tenant_id, roles: new Set(parsed.data.roles.filter(isRole)) };
}

export function mayAct(principal: Principal, needed: Role): boolean {
  return [...principal.roles].some((role) => role === needed || implied[role].includes(needed));
}

function isRole(text: string): text is Role {
  return roles.some((role) => role === text);
}
