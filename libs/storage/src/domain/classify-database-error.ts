// Says what a database error means for the records in hand: try again, make a day, halve the batch, or stop because it is a bug.
import type { RetryReason } from '@auditlane/contracts';

export type DatabaseFault =
  | `retry:${Extract<RetryReason, 'database_unavailable' | 'database_conflict' | 'database_full'>}`
  /** No partition takes the row's day: make it and try again. */
  | 'day_missing'
  /** The database refuses what the rows say: halve the batch until the bad one stands alone. */
  | 'bisect'
  /** Nothing known: a bug, or rights that are missing. Crash without acknowledging. */
  | 'unknown';

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNABORTED',
]);

/** What pg says without a code when the connection goes, or does not come. */
const connectionMessages = [
  /^Connection terminated/i,
  /^timeout (expired|exceeded)/i,
  /^Query read timeout$/i,
  /^Client has encountered a connection error/i,
  /^Client was closed/i,
];

const conflict = new Set(['40001', '40P01', '55P03', '57014']);

export function classifyDatabaseError(error: unknown): DatabaseFault {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof AggregateError) return classifyDatabaseError(error.errors[0]);
  const code = codeOf(error);
  if (code === undefined) {
    return connectionMessages.some((pattern) => pattern.test(error.message)) ? 'retry:database_unavailable' : 'unknown';
  }
  if (networkCodes.has(code)) return 'retry:database_unavailable';
  if (conflict.has(code)) return 'retry:database_conflict';
  if (code === '53100' || code === '53200') return 'retry:database_full';
  // 25P03: the session was ended because the process stood still inside a transaction. 25006: this is a replica.
  if (/^(08|53|57P0)/.test(code) || code === '25P03' || code === '25006' || code === '58030') {
    return 'retry:database_unavailable';
  }
  // A missing partition is reported as a check violation without a constraint's name.
  if (code === '23514' && constraintOf(error) === undefined) return 'day_missing';
  if (/^(22|23|54)/.test(code)) return 'bisect';
  return 'unknown';
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function constraintOf(error: Error): string | undefined {
  return 'constraint' in error && typeof error.constraint === 'string' ? error.constraint : undefined;
}

/** The reason under which the records are handed back; `undefined` where trying again as it is would change nothing. */
export function retryReasonOf(fault: DatabaseFault): RetryReason | undefined {
  return retryReasons[fault];
}

const retryReasons: Partial<Record<DatabaseFault, RetryReason>> = {
  'retry:database_unavailable': 'database_unavailable',
  'retry:database_conflict': 'database_conflict',
  'retry:database_full': 'database_full',
  day_missing: 'day_missing',
};
