// Runs one request on a pool and turns whatever happens to it into one value: answer, failure, time-out or abort.
import { errors, type Dispatcher, type Pool } from 'undici';
import { exchangeFailure, failure, type EgressFailure } from './domain/failure';
import type { EgressResult } from './result';
import { codeOf } from './resolve';

/** Carries a failure of the connector through undici, which knows only errors. */
export class ConnectionRefusal extends Error {
  constructor(readonly failure: EgressFailure) {
    super(failure.words);
  }
}

export interface Exchange {
  readonly options: Dispatcher.DispatchOptions;
  readonly sentBytes: number;
  readonly startedAt: number;
  readonly timeoutMs: number;
  readonly headersTimeoutMs?: number;
  readonly maxAnswerBytes: number;
  readonly signal?: AbortSignal;
}

/** Informational answers (1xx) that are put up with before the receiver is taken for broken. */
const interimAnswers = 16;

export function exchange(pool: Pool, job: Exchange): Promise<EgressResult> {
  return new Promise((resolve) => {
    let controller: Dispatcher.DispatchController | undefined;
    let settled = false;
    let connectedAt = 0;
    let interim = 0;
    let status = 0;
    let headers: Record<string, string> = {};
    let length = 0;
    const chunks: Buffer[] = [];

    const settle = (result: EgressResult) => {
      if (settled) return;
      settled = true;
      clearTimeout(totalTimer);
      clearTimeout(headersTimer);
      job.signal?.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const giveUp = (result: EgressResult) => {
      settle(result);
      controller?.abort(new Error(given));
    };
    const sent = () => connectedAt > 0;
    const onTime = () => giveUp(failure(status > 0 ? 'response_timeout' : 'request_timeout', sent()));
    const onAbort = () => giveUp(failure('aborted', sent()));
    const answered = (truncated: boolean): EgressResult => ({
      kind: 'response',
      response: { status, headers, body: Buffer.concat(chunks, length), truncated },
      connectMs: connectedAt - job.startedAt,
      totalMs: performance.now() - job.startedAt,
      sentBytes: job.sentBytes,
    });

    const totalTimer = setTimeout(onTime, Math.max(0, job.timeoutMs - (performance.now() - job.startedAt)));
    const headersTimer = job.headersTimeoutMs === undefined ? undefined : setTimeout(onTime, job.headersTimeoutMs);
    job.signal?.addEventListener('abort', onAbort, { once: true });
    if (job.signal?.aborted) return onAbort();

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(current) {
        // Given up while it waited for a connection: nothing of it is written.
        if (settled) return current.abort(new Error(given));
        controller = current;
        connectedAt = performance.now();
      },
      onRequestUpgrade: () => giveUp(failure('response_unreadable', true)),
      onResponseStart(_controller, statusCode, incoming) {
        if (statusCode < 200) {
          if (++interim > interimAnswers) giveUp(failure('response_unreadable', true));
          return;
        }
        clearTimeout(headersTimer);
        status = statusCode;
        headers = flatten(incoming);
      },
      onResponseData(_controller, chunk) {
        if (settled) return;
        const room = job.maxAnswerBytes - length;
        const kept = chunk.length > room ? chunk.subarray(0, room) : chunk;
        chunks.push(kept);
        length += kept.length;
        if (chunk.length > room) giveUp(answered(true));
      },
      // undici frees a connection one turn of the event loop after its answer; whoever went on at once would open a second one.
      onResponseEnd: () => setImmediate(() => setImmediate(settle, answered(false))),
      onResponseError: (_controller, error) => settle(failureOf(error, sent(), status > 0)),
    };
    try {
      pool.dispatch(job.options, handler);
    } catch (error) {
      settle(exchangeFailure(codeOf(error), false, false));
    }
  });
}

const given = 'given up';

function failureOf(error: Error, sent: boolean, answered: boolean): EgressFailure {
  if (error instanceof ConnectionRefusal) return error.failure;
  // By class, since undici gives some of these no code.
  if (error instanceof errors.HTTPParserError) return failure('response_unreadable', sent);
  return exchangeFailure(codeOf(error), sent, answered);
}

function flatten(incoming: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming))
    if (value !== undefined) out[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  return out;
}
