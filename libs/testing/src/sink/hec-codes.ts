// Splunk's own table of HEC replies: number, HTTP status, text.
import { answer, type Script } from './script';

const replies: Readonly<Record<number, readonly [status: number, text: string]>> = {
  0: [200, 'Success'],
  1: [403, 'Token disabled'],
  2: [401, 'Token is required'],
  3: [401, 'Invalid authorization'],
  4: [403, 'Invalid token'],
  5: [400, 'No data'],
  6: [400, 'Invalid data format'],
  7: [400, 'Incorrect index'],
  8: [500, 'Internal server error'],
  9: [503, 'Server is busy'],
  10: [400, 'Data channel is missing'],
  11: [400, 'Invalid data channel'],
  12: [400, 'Event field is required'],
  13: [400, 'Event field cannot be blank'],
  14: [400, 'ACK is disabled'],
  15: [400, 'Error in handling indexed fields'],
  16: [400, 'Query string authorization is not enabled'],
  17: [200, 'HEC is healthy'],
  18: [503, 'HEC is unhealthy, queues are full'],
  19: [503, 'HEC is unhealthy, ack service unavailable'],
  20: [503, 'HEC is unhealthy, queues are full, ack service unavailable'],
  21: [400, 'Invalid token'],
  22: [400, 'Token disabled'],
  23: [503, 'Server is shutting down'],
  24: [200, 'Queue approaching capacity'],
  25: [200, 'Ack queue approaching capacity'],
  26: [429, 'Queue at capacity'],
  27: [429, 'Ack channel at capacity'],
  28: [400, 'Data channel is missing'],
};

export interface HecReply {
  readonly status: number;
  readonly body: { text: string; code: number; 'invalid-event-number'?: number; ackId?: number };
}

export function hecReply(code: number, extra: { 'invalid-event-number'?: number; ackId?: number } = {}): HecReply {
  const [status, text] = replies[code] ?? [500, `unknown code ${code}`];
  return { status, body: { text, code, ...extra } };
}

/** Says this code to a request whatever it holds. Only the codes that mean success (24 and 25 do) take the events in. */
export function hecCode(code: number, invalidEventNumber?: number): Script {
  const reply = hecReply(code, invalidEventNumber === undefined ? {} : { 'invalid-event-number': invalidEventNumber });
  return answer(reply.status, { body: reply.body, ingest: reply.status === 200 });
}
