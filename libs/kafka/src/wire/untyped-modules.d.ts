// The inner modules of kafkajs 2.2.4 (pinned exactly) that `install.ts` puts its hands on, and nothing more of them than it uses.
declare module 'kafkajs/src/protocol/requests/fetch' {
  interface FetchOptions {
    topics: { topic: string; partitions: { partition: number; fetchOffset: string }[] }[];
  }
  interface FetchCall {
    request: unknown;
    response: { decode(payload: Buffer): Promise<unknown>; parse(data: unknown): Promise<unknown> };
    requestTimeout: number;
  }
  const fetchApi: { protocol(choice: { version: number }): (options: FetchOptions) => FetchCall };
  export = fetchApi;
}
declare module 'kafkajs/src/protocol/requests/produce' {
  import type { ProduceOptions } from './produce-request';
  interface ProduceCall {
    /** What `encode` answers stands for kafkajs' Encoder, of which no more is looked at. */
    request: { encode(): Promise<{ buf: Buffer; buffer: Buffer }> };
    response: unknown;
  }
  const produceApi: { protocol(choice: { version: number }): (options: ProduceOptions) => ProduceCall };
  export = produceApi;
}
declare module 'kafkajs/src/network/requestQueue' {
  class RequestQueue {
    pending: unknown[];
    scheduleCheckPendingRequests: (this: RequestQueue) => void;
  }
  export = RequestQueue;
}
declare module 'snappyjs' {
  export function compress(plain: Buffer): Buffer;
  export function uncompress(packed: Buffer, maxLength: number): Buffer;
}
