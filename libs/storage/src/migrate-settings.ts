// What `npm run migrate` reads from its environment, and how it becomes the options of migrate().
import { z } from 'zod';
import { defineConfig, type Environment, loadConfig, retentionSettings, topicSettings } from '@auditlane/config';
import type { MigrateOptions } from './migrate';
import type { Passwords } from './prepare-roles';
import { loginRoles } from './roles';

const password = (description: string) => z.string().min(1).optional().meta({ description, secret: true });
const passwordOf = {
  AUDITLANE_DB_PASSWORD_MIGRATOR: password('Password given to auditlane_migrator'),
  AUDITLANE_DB_PASSWORD_PERSISTENCE: password('Password given to auditlane_persistence'),
  AUDITLANE_DB_PASSWORD_QUERY: password('Password given to auditlane_query'),
  AUDITLANE_DB_PASSWORD_FORWARDER_SPLUNK: password('Password given to auditlane_forwarder_splunk'),
  AUDITLANE_DB_PASSWORD_FORWARDER_HTTP: password('Password given to auditlane_forwarder_http'),
  AUDITLANE_DB_PASSWORD_FORWARDER_ELASTICSEARCH: password('Password given to auditlane_forwarder_elasticsearch'),
  AUDITLANE_DB_PASSWORD_KEY_ROTATION: password('Password given to auditlane_key_rotation'),
};

export const migrateDefinition = defineConfig('migrate', {
  AUDITLANE_MIGRATE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgresql:// URL')
    .meta({
      description: 'PostgreSQL URL of a role that may create roles (first time) or of auditlane_migrator',
      secret: true,
    }),
  AUDITLANE_PARTITIONS: topicSettings.AUDITLANE_PARTITIONS,
  ...retentionSettings,
  AUDITLANE_DB_PASSWORD: password('Password given to every role that has none of its own; left out: roles keep theirs'),
  ...passwordOf,
});

export function migrateSettings(environment: Environment): { url: string; options: MigrateOptions } {
  const config = loadConfig(migrateDefinition, environment);
  const own: Readonly<Record<string, string | undefined>> = {
    auditlane_migrator: config.AUDITLANE_DB_PASSWORD_MIGRATOR,
    auditlane_persistence: config.AUDITLANE_DB_PASSWORD_PERSISTENCE,
    auditlane_query: config.AUDITLANE_DB_PASSWORD_QUERY,
    auditlane_forwarder_splunk: config.AUDITLANE_DB_PASSWORD_FORWARDER_SPLUNK,
    auditlane_forwarder_http: config.AUDITLANE_DB_PASSWORD_FORWARDER_HTTP,
    auditlane_forwarder_elasticsearch: config.AUDITLANE_DB_PASSWORD_FORWARDER_ELASTICSEARCH,
    auditlane_key_rotation: config.AUDITLANE_DB_PASSWORD_KEY_ROTATION,
  };
  const passwords: Passwords = Object.fromEntries(
    loginRoles.flatMap((role) => {
      const value = own[role] ?? config.AUDITLANE_DB_PASSWORD;
      return value === undefined ? [] : [[role, value]];
    }),
  );
  return {
    url: config.AUDITLANE_MIGRATE_URL,
    options: { partitions: config.AUDITLANE_PARTITIONS, retentionDays: config.AUDITLANE_RETENTION_DAYS, passwords },
  };
}
