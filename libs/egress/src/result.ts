// What goes into the outbound client and what comes out of it. Nothing here throws: every ending is a value.
import type { Observer } from './connect';
import type { EgressFailure } from './domain/failure';

export interface EgressTarget {
  readonly destinationId: string;
  /** A new version never reuses a connection of an older one. */
  readonly configVersion: number;
  /** Trusted for this destination besides the public roots and the operator's bundle. */
  readonly caPem?: string | null;
  /** Told of each stage that a new connection of this destination passes. */
  readonly observe?: Observer;
}

export interface EgressRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer | readonly Buffer[];
  /** Compress the body (off the main thread) and say so in Content-Encoding. */
  readonly gzip?: boolean;
  /** From the call to the last byte of the answer. */
  readonly timeoutMs: number;
  /** How long the receiver may take to its first header; default: as long as `timeoutMs`. */
  readonly headersTimeoutMs?: number;
  /** How much of the answer's body is kept. */
  readonly maxAnswerBytes?: number;
}

export interface EgressResponse {
  readonly status: number;
  /** Lower-case names; a repeated header's values joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body was longer than what is kept; the rest was not read. */
  readonly truncated: boolean;
}

export interface Answered {
  readonly kind: 'response';
  readonly response: EgressResponse;
  /** Time until a connection was there: next to nothing on a kept one. */
  readonly connectMs: number;
  readonly totalMs: number;
  /** Bytes of the request's body as sent. */
  readonly sentBytes: number;
}

export type EgressResult = Answered | EgressFailure;
