// Reads an answer without trusting it: unknown until looked at, and nothing that it holds can make a judgement throw.
import type { InboundResponse } from './types';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

export const isWhole = (value: unknown): value is number => Number.isSafeInteger(value);

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const isSuccess = (status: number): boolean => status >= 200 && status <= 299;

/** The body as a JSON object; `undefined` where it is anything else, or was cut off. */
export function jsonObject(response: InboundResponse): JsonObject | undefined {
  if (response.truncated || response.body.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(response.body.toString('utf8'));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** An answer that was cut off but began as one might: it may have been the real one, so the request is repeated rather than given up. */
export const wasCutOff = (response: InboundResponse): boolean =>
  response.truncated && /^\s*\{/.test(response.body.toString('latin1', 0, 64));

/** The beginning of the body, for words; bytes that are not text are shown as U+FFFD. */
export const bodyText = (response: InboundResponse): string => response.body.toString('utf8', 0, 2048);
