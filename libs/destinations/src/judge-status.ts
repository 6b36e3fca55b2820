// What an HTTP status means for a whole request, where the receiver's own protocol does not say more.
import type { ParkReason, TransientReason } from '@auditlane/contracts';
import { retryAfterMs } from './retry-after';
import type { InboundResponse, Verdict } from './types';
import { receiverWords } from './words';

const parks: Readonly<Record<number, ParkReason>> = {
  401: 'credentials_refused',
  403: 'permission_refused',
  404: 'not_found',
  405: 'method_refused',
  410: 'gone',
  501: 'method_refused',
};

const retries: Readonly<Record<number, TransientReason>> = {
  408: 'timed_out',
  // 409 answers an Idempotency-Key whose first request is still running.
  409: 'in_progress',
  425: 'busy',
  429: 'rate_limited',
  503: 'busy',
  504: 'timed_out',
};

/** The verdict of an answer outside 2xx, the same for each event of the request. */
export function judgeStatus(response: InboundResponse, text: string, now: number): Verdict {
  const { status } = response;
  const code = `http_${status}`;
  const words = receiverWords(text);
  // Never followed: it would carry the token to another host, and turn a POST into a GET.
  if (status >= 300 && status <= 399) return { kind: 'park', reason: 'redirected', code, words };
  const park = parks[status];
  if (park !== undefined) return { kind: 'park', reason: park, code, words };
  const retry = retries[status] ?? (status >= 500 && status <= 599 ? 'server_error' : undefined);
  if (retry !== undefined) return retryVerdict(retry, response, code, words, now);
  if (status === 413) return { kind: 'split', reason: 'receiver_refused_size', code, words };
  if (status === 400 || status === 422) return { kind: 'split', reason: 'receiver_refused_event', code, words };
  if (status >= 400 && status <= 499) return { kind: 'park', reason: 'configuration_refused', code, words };
  return { kind: 'retry', reason: 'unreadable_answer', code, words };
}

export function retryVerdict(
  reason: TransientReason,
  response: InboundResponse,
  code: string,
  words: string,
  now: number,
): Verdict {
  const afterMs = retryAfterMs(response.headers, now);
  return afterMs === undefined
    ? { kind: 'retry', reason, code, words }
    : { kind: 'retry', reason, afterMs, code, words };
}
