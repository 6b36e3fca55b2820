// The processes of a native start: each with its environment, its log file and the answer that tells it is ready.
import { join } from 'node:path';
import {
  databaseRoleOf,
  serviceNames,
  startProgram as startNode,
  untilReady,
  type Child,
  type ServiceName,
} from '@auditlane/testing';
import type { NativeConfig } from './settings';

const readyWithinMs = 60_000;

/** Starts one of our own programs from dist and waits until `url` answers 200. */
export async function startProgram(
  config: NativeConfig,
  label: string,
  program: string,
  environment: Readonly<Record<string, string>>,
  url: string,
  args: readonly string[] = [],
): Promise<Child> {
  const child = startNode({
    label,
    program,
    args,
    environment: { ...process.env, ...environment },
    logFile: join(config.AUDITLANE_DATA_DIR, 'logs', `${label}.log`),
  });
  await untilReady(child, async () => (await fetch(url)).ok, readyWithinMs);
  return child;
}

export function opsPort(config: NativeConfig, service: ServiceName): number {
  return config.AUDITLANE_OPS_PORT_BASE + serviceNames.indexOf(service);
}

export const keyRingFile = (config: NativeConfig): string => join(config.AUDITLANE_DATA_DIR, 'key-ring.json');

export function serviceEnvironment(
  config: NativeConfig,
  service: ServiceName,
  databaseUrl: (role: string) => string,
  egressAllow: readonly string[],
): Readonly<Record<string, string>> {
  const role = databaseRoleOf(service);
  return {
    AUDITLANE_KAFKA_BROKERS: `127.0.0.1:${config.AUDITLANE_KAFKA_PORT}`,
    AUDITLANE_TOPICS_CREATE: 'true',
    AUDITLANE_OPS_PORT: String(opsPort(config, service)),
    AUDITLANE_HTTP_PORT: String(config.AUDITLANE_HTTP_PORT),
    AUDITLANE_OIDC_ISSUER: `http://127.0.0.1:${config.AUDITLANE_OIDC_PORT}`,
    AUDITLANE_KEY_RING_FILE: keyRingFile(config),
    AUDITLANE_EGRESS_ALLOW: egressAllow.join(','),
    ...(role ? { AUDITLANE_DATABASE_URL: databaseUrl(`auditlane_${role}`) } : {}),
  };
}

export function startServiceProcess(
  config: NativeConfig,
  service: ServiceName,
  databaseUrl: (role: string) => string,
  egressAllow: readonly string[],
): Promise<Child> {
  return startProgram(
    config,
    service,
    `services/${service}/src/main.js`,
    serviceEnvironment(config, service, databaseUrl, egressAllow),
    `http://127.0.0.1:${opsPort(config, service)}/readyz`,
  );
}
