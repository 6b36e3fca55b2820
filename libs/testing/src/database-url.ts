// Where a database is, and as whom it is entered.

/** The database roles without the prefix that all of them have. */
export type DatabaseRole =
  'migrator' | 'persistence' | 'query' | 'forwarder_splunk' | 'forwarder_http' | 'forwarder_elasticsearch';

/** Another database on the server of `url`, as one role where that is given. */
export function databaseUrl(url: string, database: string, role?: DatabaseRole): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  if (role) {
    changed.username = `auditlane_${role}`;
    changed.password = process.env['AUDITLANE_DB_PASSWORD'] ?? '';
  }
  return changed.toString();
}
