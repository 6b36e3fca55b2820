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

export const loginRoles = [migratorRole, ...serviceRoles] as const;
export type LoginRole = (typeof loginRoles)[number];

/**
 * Set on every login role of a service: a process that is paused (SIGSTOP, a dead virtual machine) must not keep a lock, and one that
 * waits for a lock must get an error it can retry.
 */
export const sessionLimits: Readonly<Record<string, string>> = {
  idle_in_transaction_session_timeout: '5s',
  lock_timeout: '5s',
};

/** A set-up step must be able to wait for a busy table for longer than a service may. */
export const migratorLimits: Readonly<Record<string, string>> = { lock_timeout: '60s' };
