// What a sink can be told to do to a request instead of answering it the way its kind of receiver does.

export type Script =
  /** What the real receiver would do. */
  | { readonly do: 'pass' }
  /** `ingest`: take the events in although the answer says something else. */
  | {
      readonly do: 'answer';
      readonly status: number;
      readonly body?: string | object;
      readonly headers?: Readonly<Record<string, string>>;
      readonly ingest?: boolean;
    }
  | { readonly do: 'delay'; readonly ms: number; readonly next: Script }
  /** Takes the request and never answers. */
  | { readonly do: 'hang'; readonly ingest?: boolean }
  /** Answers 200 and then a byte at a time, without end. */
  | { readonly do: 'drip'; readonly everyMs: number; readonly ingest?: boolean }
  /** Resets the connection: at the request's headers, after its body, or after taking it in. */
  | { readonly do: 'reset'; readonly when: 'headers' | 'body' | 'ingested' }
  /** Writes to the socket instead of an answer: `head` once, `bytes` over and over where `endless`. */
  | { readonly do: 'raw'; readonly head?: string; readonly bytes: string; readonly endless?: boolean };

export type ScriptAnswer = Extract<Script, { do: 'answer' }>;

export const pass: Script = { do: 'pass' };
export const answer = (status: number, rest: Omit<ScriptAnswer, 'do' | 'status'> = {}): Script => ({
  do: 'answer',
  status,
  ...rest,
});
export const retryAfter = (status: 429 | 503, value: string): Script =>
  answer(status, { headers: { 'retry-after': value }, body: 'slow down' });
export const redirect = (location: string, status = 307): Script => answer(status, { headers: { location } });
export const delay = (ms: number, next: Script = pass): Script => ({ do: 'delay', ms, next });
export const hang = (ingest = false): Script => ({ do: 'hang', ingest });
export const drip = (everyMs: number, ingest = false): Script => ({ do: 'drip', everyMs, ingest });
export const reset = (when: 'headers' | 'body' | 'ingested'): Script => ({ do: 'reset', when });
/** Takes the events in and loses the answer: the sender must repeat, and the receiver sees duplicates. */
export const resetAfterIngest: Script = reset('ingested');
export const garbage: Script = { do: 'raw', bytes: '\x16\x03nothing that looks like HTTP\r\n\r\n' };
export const endlessBody: Script = {
  do: 'raw',
  head: 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n',
  bytes: 'x'.repeat(65_536),
  endless: true,
};
export const interimFlood: Script = { do: 'raw', bytes: 'HTTP/1.1 103 Early Hints\r\n\r\n', endless: true };
export const hugeHeaders: Script = {
  do: 'raw',
  bytes: `HTTP/1.1 200 OK\r\n${Array.from({ length: 1000 }, (_, i) => `x-${i}: ${'y'.repeat(1000)}`).join('\r\n')}\r\n\r\n`,
};
