// What a kind of receiver is to the sink: a function from a request to an answer and to the events it kept.
import type { SinkEvent } from './event';

export interface FaceRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string>>;
  /** Decompressed. */
  readonly body: Buffer;
  /** The body was said to be compressed and could not be read. */
  readonly unreadable: boolean;
}

export interface FaceAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | object;
  readonly events: readonly SinkEvent[];
  readonly taken: readonly SinkEvent[];
  /** Called where the events are taken in: a script may have the answer come to nothing. */
  readonly keep?: () => void;
}

export type Refusal = (event: SinkEvent) => boolean;

/** What all faces can be told between two requests. */
export interface FaceState {
  token: string;
  refuse: Refusal | undefined;
}

export type Face = (request: FaceRequest, state: FaceState) => FaceAnswer;

export const respond = (
  status: number,
  body: string | object,
  events: readonly SinkEvent[] = [],
  taken: readonly SinkEvent[] = [],
): FaceAnswer => ({ status, body, events, taken });
