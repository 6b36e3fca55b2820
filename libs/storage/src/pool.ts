// Connections for the hot path (plain pg), and the two shapes of a transaction.
import { Pool, type PoolClient, types } from 'pg';

export interface PoolOptions {
  readonly url: string;
  readonly max: number;
  readonly applicationName: string;
  readonly statementTimeoutMs?: number;
  /** Queries of one connection are sent without waiting for the answers before them: independent statements cost one round trip. */
  readonly pipeline?: boolean;
  /** Told of errors on idle connections (a restarted server): they are replaced by themselves. */
  readonly onIdleError?: (error: Error) => void;
}

const int8 = 20;
const date = 1082;
/** Offsets and sequence numbers stay below 2^53; days stay text, because a Date would move them by the local time zone. */
function parserOf(oid: number, format?: 'text' | 'binary') {
  if (format !== 'binary' && oid === int8) return Number;
  if (format !== 'binary' && oid === date) return String;
  return types.getTypeParser(oid, format);
}

export function createPool(options: PoolOptions): Pool {
  const statementTimeout = options.statementTimeoutMs ?? 30_000;
  const pool = new Pool({
    connectionString: options.url,
    max: options.max,
    application_name: options.applicationName,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: statementTimeout,
    // A half-open connection never answers: the client gives up a little after the server should have.
    query_timeout: statementTimeout + 5_000,
    types: { getTypeParser: parserOf },
    pipeline: options.pipeline ?? false,
  });
  // Without listeners a connection's death would end the process: the pool's for idle ones, the client's own for those in use, whose
  // user learns it from the query that fails.
  pool.on('error', (error) => options.onIdleError?.(error));
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Runs `fn` in one transaction. A connection whose rollback fails is thrown away: nobody knows what state it is in. */
export async function inTransaction<T>(pool: Pool, fn: (client: PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, 'begin', fn);
}

/** The same, seeing only this tenant's rows (row-level security compares `auditlane.tenant`; unset, nothing is visible). */
export async function withTenant<T>(pool: Pool, tenant: string, fn: (client: PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, 'begin', async (client) => {
    await client.query(`select set_config('auditlane.tenant', $1, true)`, [tenant]);
    return fn(client);
  });
}

/** Read-only and across tenants, for what operators may see: quarantine and health, never events. */
export async function asOperator<T>(pool: Pool, fn: (client: PoolClient) => Promise<T>): Promise<T> {
  return transaction(pool, 'begin read only', async (client) => {
    await client.query(`select set_config('auditlane.operator', 'on', true)`);
    return fn(client);
  });
}

/** Every read in `fn` sees the same moment, and only this tenant's rows. */
export async function withTenantSnapshot<T>(
  pool: Pool,
  tenant: string,
  fn: (client: PoolClient) => Promise<T>,
): Promise<T> {
  return transaction(pool, 'begin isolation level repeatable read read only', async (client) => {
    await client.query(`select set_config('auditlane.tenant', $1, true)`, [tenant]);
    return fn(client);
  });
}

async function transaction<T>(pool: Pool, begin: string, fn: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken = false;
  try {
    const begun = client.query(begin);
    // Pipelined, the first statements follow at once: BEGIN only fails with its connection, and then so do they.
    if (!client.pipeline) await begun;
    const [, result] = await Promise.all([begun, fn(client)]);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {
      broken = true;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
