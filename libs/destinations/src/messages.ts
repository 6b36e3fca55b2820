// The two ends of an exchange with a receiver, as the types see them: libs/egress carries them.

/** A request as libs/egress sends it. `body` is empty for GET and for the empty-body probe. */
export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** Compress the body on the way out, and say so in `content-encoding`. */
  readonly gzip: boolean;
  readonly timeoutMs: number;
  /** How much of the answer's body is read; past it `truncated` is set and the connection is given up. */
  readonly maxAnswerBytes: number;
}

/** Header names are lower case; a body that was compressed is handed over decompressed (and capped after that). */
export interface InboundResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly truncated: boolean;
}
