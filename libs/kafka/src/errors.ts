// Tells kafkajs' errors apart by what they mean for us.
import { isNativeError } from 'node:util/types';
import { KafkaJSProtocolError } from 'kafkajs';

/** The kafkajs error at the bottom: its retriers wrap what they gave up on. */
function rootOf(error: unknown): unknown {
  let current = error;
  while (current instanceof Error && current.cause instanceof Error) current = current.cause;
  return current;
}

export const protocolErrorType = (error: unknown): string | undefined => {
  const root = rootOf(error);
  return root instanceof KafkaJSProtocolError ? root.type : undefined;
};

const announced: ReadonlySet<string> = new Set(['REBALANCE_IN_PROGRESS']);
const evicted: ReadonlySet<string> = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID']);

/** What an error says about the membership in the group; `undefined`: nothing. */
export function membershipOf(error: unknown): 'rebalancing' | 'lost' | undefined {
  const type = protocolErrorType(error) ?? '';
  return announced.has(type) ? 'rebalancing' : evicted.has(type) ? 'lost' : undefined;
}

/** Whether trying again can help. Programming errors and what the broker refuses for good are not retried. */
export function isRetriable(error: unknown): boolean {
  const root = rootOf(error);
  if (!(root instanceof Error) || !('retriable' in root)) return false;
  return root.retriable === true;
}

export const errorText = (error: unknown): string => (isNativeError(error) ? error.message : String(error));
