// The services, and the database role that each of them signs in with.
import type { DatabaseRole } from './database-url';

export const serviceNames = [
  'ingestion',
  'persistence',
  'query',
  'forwarder-splunk',
  'forwarder-http',
  'forwarder-elasticsearch',
] as const;
export type ServiceName = (typeof serviceNames)[number];

const roles: Readonly<Partial<Record<ServiceName, DatabaseRole>>> = {
  persistence: 'persistence',
  query: 'query',
  'forwarder-splunk': 'forwarder_splunk',
  'forwarder-http': 'forwarder_http',
  'forwarder-elasticsearch': 'forwarder_elasticsearch',
};

/** Without the prefix that all of them have; none for a service that needs no database. */
export const databaseRoleOf = (service: ServiceName): DatabaseRole | undefined => roles[service];
