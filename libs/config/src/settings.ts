// The settings that several services share, each described once; a service spreads those it needs into its own definition.
import { z } from 'zod';
import { defaultDestinationPorts, defaultLimits, defaultPartitions, tenantIdSchema } from '@auditlane/contracts';

const integer = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().int().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`));

/** A whole number between min and max, with its default. */
export const integerSetting = (min: number, max: number, fallback: number, description: string) =>
  integer(min, max).default(fallback).meta({ description });

/** A span of time in milliseconds, with its default. */
export const durationSetting = (fallback: number, description: string) =>
  integer(1, 2_147_483_647)
    .default(fallback)
    .meta({ description: `${description}, in milliseconds` });

export const booleanSetting = (fallback: boolean, description: string) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .transform((value) => value === 'true')
    .default(fallback)
    .meta({ description });

/** Items separated by commas; add `.default()` or `.optional()` and then `.meta({ description })`. */
export const listSetting = <T extends z.ZodType<unknown, string>>(item: T) =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item));

const port = (fallback: number, description: string) => integerSetting(0, 65_535, fallback, description);

export const processSettings = {
  NODE_ENV: z
    .string()
    .default('development')
    .meta({ description: 'production refuses everything that is only for demos and tests' }),
  AUDITLANE_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace'])
    .default('info')
    .meta({ description: 'Least severe log level that is written' }),
  AUDITLANE_OPS_HOST: z
    .string()
    .default('127.0.0.1')
    .meta({ description: 'Address that serves /metrics, /livez and /readyz' }),
};

export const opsSettings = (fallbackPort: number) => ({
  ...processSettings,
  AUDITLANE_OPS_PORT: port(fallbackPort, 'Port that serves /metrics, /livez and /readyz; 0 picks a free one'),
});

export const topicSettings = {
  AUDITLANE_TOPIC_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9._-]{0,64}$/, 'must be at most 64 of A-Z a-z 0-9 . _ -')
    .default('')
    .meta({
      description: 'Put before the names of topics and consumer groups, so that installations can share a cluster',
    }),
  AUDITLANE_PARTITIONS: integerSetting(
    1,
    10_000,
    defaultPartitions,
    'Partitions of each topic; recorded in the database, never changed later',
  ),
};

export const kafkaSettings = {
  AUDITLANE_KAFKA_BROKERS: listSetting(z.string().regex(/^.+:\d+$/, 'must be host:port, separated by commas'))
    .default(['127.0.0.1:9092'])
    .meta({ description: 'Kafka brokers, host:port separated by commas' }),
  ...topicSettings,
  AUDITLANE_TOPICS_CREATE: booleanSetting(
    false,
    'Create missing topics with the right configuration (otherwise a missing topic stops the start)',
  ),
  AUDITLANE_SESSION_TIMEOUT_MS: durationSetting(30_000, 'Consumer group session time-out'),
  AUDITLANE_HEARTBEAT_INTERVAL_MS: durationSetting(3_000, 'Consumer group heartbeat interval'),
};

export const databaseSettings = {
  AUDITLANE_DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must be a postgresql:// URL')
    .meta({ description: "PostgreSQL URL of this service's own role", secret: true }),
  AUDITLANE_DATABASE_POOL: integerSetting(1, 200, 10, 'Most connections that this process opens to PostgreSQL'),
};

export const retentionSettings = {
  AUDITLANE_RETENTION_DAYS: integerSetting(1, 3650, defaultLimits.retentionDays, 'Days that events are kept'),
};

export const tenantSettings = {
  AUDITLANE_TENANTS: listSetting(tenantIdSchema)
    .optional()
    .meta({ description: 'Registered tenants, separated by commas; left out: any well-formed tenant id is accepted' }),
};

export const keyRingSettings = {
  AUDITLANE_KEY_RING_FILE: z
    .string()
    .min(1)
    .meta({ description: 'File with the key-encryption keys of destination tokens (mode 0600)' }),
};

const hostName = /^([A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;

const nameServer = /^((\d{1,3}\.){3}\d{1,3}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

export const egressSettings = {
  AUDITLANE_EGRESS_ALLOW: listSetting(z.string()).default([]).meta({
    description:
      'Destinations on private addresses that are allowed: host:port, IP:port or networks (CIDR), separated by commas; allows nothing else',
  }),
  AUDITLANE_EGRESS_PORTS: listSetting(integer(1, 65_535))
    .default([...defaultDestinationPorts])
    .meta({ description: 'Ports that destinations on public addresses may use, separated by commas' }),
  AUDITLANE_EGRESS_OWN_NAMES: listSetting(z.string().regex(hostName, 'must be host names, separated by commas'))
    .default([])
    .meta({
      description:
        'Host names of this installation itself, separated by commas: no destination may lead there and feed the log to itself',
    }),
  AUDITLANE_EGRESS_NAME_SERVERS: listSetting(
    z.string().regex(nameServer, 'must be IP addresses, each with :port or without'),
  )
    .default([])
    .meta({
      description:
        "Name servers that are asked for destinations' hosts, as address or address:port, separated by commas; left out: the machine's own. " +
        'One that knows public names only leaves nothing of the inner network to be found out',
    }),
  AUDITLANE_EGRESS_CA_FILE: z
    .string()
    .optional()
    .meta({ description: 'PEM file of certificate authorities trusted beside the public ones' }),
};

export const oidcSettings = {
  // Whoever can change its keys on the way can be anybody.
  AUDITLANE_OIDC_ISSUER: z
    .url()
    .regex(
      /^(https:|http:\/\/(127(\.\d{1,3}){3}|\[::1\]|localhost)(:\d+)?(\/|$))/,
      'must be https:// (http:// on loopback only)',
    )
    .default('http://127.0.0.1:3100')
    .meta({ description: 'Issuer of the bearer tokens; https:// unless it is on loopback' }),
  AUDITLANE_OIDC_AUDIENCE: z
    .string()
    .default('auditlane')
    .meta({ description: 'Audience that bearer tokens must be made for' }),
};
