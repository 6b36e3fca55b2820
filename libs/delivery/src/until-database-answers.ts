// Asks the database again until it answers: while it is away, positions stay unwritten, and so nothing is committed that needs them.
import { setTimeout as delay } from 'node:timers/promises';
import { classifyDatabaseError } from '@auditlane/storage';
import type { Logger } from 'pino';

const firstMs = 50;
const longestMs = 5_000;

/** `undefined`: given up, because nobody waits for it any more. Throws what no second try would mend. */
export async function untilDatabaseAnswers<T>(
  work: () => Promise<T>,
  message: string,
  logger: Logger,
  signal: AbortSignal,
): Promise<T | undefined> {
  for (let wait = firstMs; !signal.aborted; wait = Math.min(wait * 2, longestMs)) {
    try {
      return await work();
    } catch (error) {
      const fault = classifyDatabaseError(error);
      if (!fault.startsWith('retry:')) throw error;
      logger.warn({ fault, afterMs: wait, err: error }, message);
    }
    await delay(wait, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}
