// The database roles: one per service, one that owns the schema, and one group for what all forwarders may do.

export const migratorRole = 'auditlane_migrator';
export const forwarderGroupRole = 'auditlane_forwarder';

export const serviceRoles = [
  'auditlane_persistence',
  'auditlane_query',
  'auditlane_forwarder_splunk',
  'auditlane_forwarder_http',
  'auditlane_forwarder_elasticsearch',
] as const;
export type ServiceRole = (typeof serviceRoles)[number];

export const forwarderRoles: readonly ServiceRole[] = serviceRoles.filter((role) =>
  role.startsWith(forwarderGroupRole),
);

/** Of `npm run rotate-keys`: no service runs under it. */
export const keyRotationRole = 'auditlane_key_rotation';

export const loginRoles = [migratorRole, ...serviceRoles, keyRotationRole] as const;
export type LoginRole = (typeof loginRoles)[number];

/**
 * A process that is paused (SIGSTOP, a dead virtual machine) must not keep a lock, and one that waits for a lock must get an error it can
 * retry.
 */
const sessionLimits = { idle_in_transaction_session_timeout: '5s', lock_timeout: '5s' };

/** What each login role's sessions begin with. */
export function roleSettings(role: LoginRole): Readonly<Record<string, string>> {
  // A set-up step must be able to wait for a busy table for longer than a service may.
  if (role === migratorRole) return { lock_timeout: '60s' };
  if (role !== 'auditlane_persistence') return sessionLimits;
  // Its look-ups by key are prepared once. Planned while a table is small, a scan would stay in the cached plan as the table grows.
  return { ...sessionLimits, enable_seqscan: 'off' };
}
