// Fills a topic before the clock starts.
import type { IHeaders } from 'kafkajs';
import type { Stage } from './stage';

export interface FillRecord {
  readonly key: string;
  readonly value: Buffer;
  readonly headers?: IHeaders;
  readonly partition?: number;
}

/** `make(i)` gives the i-th record; resolves when all are acknowledged. */
export async function fill(
  { producer }: Stage,
  topic: string,
  count: number,
  make: (i: number) => FillRecord,
): Promise<void> {
  const each = 1_000;
  for (let from = 0; from < count; from += each) {
    const messages = Array.from({ length: Math.min(each, count - from) }, (_, i) => make(from + i));
    await producer.send({ topic, acks: -1, messages });
  }
}
