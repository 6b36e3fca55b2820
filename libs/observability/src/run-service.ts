// Starts and stops a service the same way everywhere: settings, logger, metrics, health, signals, and an exit code that tells the truth.
import { hostname } from 'node:os';
import type { Registry } from 'prom-client';
import type { z } from 'zod';
import { ConfigError, loadConfig, maskedConfig, type ConfigDefinition } from '@auditlane/config';
import { crashPointsArmedInProduction } from './crash-point';
import { Health } from './health';
import { createLogger, type Logger } from './logger';
import { createRegistry } from './metrics';
import { startOpsServer } from './ops-server';

/** What every service is handed when it starts. */
export interface Runtime<C> {
  readonly name: string;
  /** Unique per process: host and pid. */
  readonly instance: string;
  readonly config: C;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: Health;
}

export interface Running {
  /** Finishes or abandons what is in hand, commits, leaves; within ten seconds. */
  close(): Promise<void>;
}

interface OpsConfig {
  readonly NODE_ENV: string;
  readonly AUDITLANE_LOG_LEVEL: string;
  readonly AUDITLANE_OPS_HOST: string;
  readonly AUDITLANE_OPS_PORT: number;
}

const version = process.env['npm_package_version'] ?? '0.1.0';
/** `close` has ten seconds; after that the process goes as it is, and what was not acknowledged comes again. */
const closeLimitMs = 10_000;

/**
 * Runs until SIGTERM or SIGINT (exit 0), a start that fails (exit 1), or an error nobody handled (exit 1: the supervisor
 * restarts, uncommitted records come again).
 */
export async function runService<S extends z.ZodRawShape>(
  name: string,
  definition: ConfigDefinition<S>,
  start: (runtime: Runtime<z.output<z.ZodObject<S>>>) => Promise<Running>,
): Promise<void> {
  const config = loadOrExit(definition);
  const ops = opsOf(config);
  const instance = `${hostname()}-${process.pid}`;
  const logger = createLogger(name, instance, ops.AUDITLANE_LOG_LEVEL);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => crash(logger, error, 'an error that nobody handled ends this process'));
  }
  if (crashPointsArmedInProduction(ops.NODE_ENV))
    crash(logger, undefined, 'CRASH_AT is for tests; unset it in production');
  logger.info({ settings: maskedConfig(definition, config) }, 'starting');

  const health = new Health();
  const registry = createRegistry(name, instance, version);
  let running: Running | undefined;
  health.addReadiness('started', () => running !== undefined);
  const opsServer = await startOpsServer(ops.AUDITLANE_OPS_HOST, ops.AUDITLANE_OPS_PORT, registry, health);

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    health.setStopping();
    logger.info({ signal }, 'stopping');
    setTimeout(() => crash(logger, undefined, `did not stop within ${closeLimitMs} ms`), closeLimitMs).unref();
    await running?.close();
    await opsServer.close();
    logger.info('stopped');
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));

  try {
    running = await start({ name, instance, config, logger, registry, health });
    logger.info({ opsPort: opsServer.port }, 'started');
  } catch (error) {
    crash(logger, error, 'could not start');
  }
}

/** Logs and ends the process with exit code 1, without committing anything. */
export function crash(logger: Logger, error: unknown, message: string): never {
  logger.fatal({ err: error }, message);
  process.exit(1);
}

function loadOrExit<S extends z.ZodRawShape>(definition: ConfigDefinition<S>): z.output<z.ZodObject<S>> {
  try {
    return loadConfig(definition);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return process.exit(1);
  }
}

function opsOf(config: Readonly<Record<string, unknown>>): OpsConfig {
  const { NODE_ENV, AUDITLANE_LOG_LEVEL, AUDITLANE_OPS_HOST, AUDITLANE_OPS_PORT } = config;
  if (typeof NODE_ENV !== 'string' || typeof AUDITLANE_LOG_LEVEL !== 'string')
    throw new Error('spread opsSettings() into the definition');
  if (typeof AUDITLANE_OPS_HOST !== 'string' || typeof AUDITLANE_OPS_PORT !== 'number') {
    throw new Error('spread opsSettings() into the definition');
  }
  return { NODE_ENV, AUDITLANE_LOG_LEVEL, AUDITLANE_OPS_HOST, AUDITLANE_OPS_PORT };
}
