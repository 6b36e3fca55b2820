// Splunk's HTTP Event Collector as it was recorded (Enterprise 10.4 and Cloud 10.5), with the behaviours that lose events quietly.
import { isObject, sinkEvent, type JsonObject, type SinkEvent } from './event';
import { respond, type FaceAnswer, type FaceRequest, type FaceState, type Refusal } from './face';
import { Acks } from './hec-acks';
import { hecReply } from './hec-codes';
import { readHecObjects } from './hec-objects';

export interface HecOptions {
  readonly useAck?: boolean;
  /** Indexes that the token may write to; any where left out. */
  readonly indexes?: readonly string[];
  /** What an event is refused under; 6 where nothing is said. */
  readonly refusalCode?: 6 | 12 | 13 | 15;
  /** `max_content_length`: a larger body is answered 413. */
  readonly maxBytes?: number;
  /** Splunk Cloud's way with bodies over 5,242,880 bytes: code 6 at object 0. */
  readonly cloud?: boolean;
}

const envelopeKeys = new Set(['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields']);
const eventPaths = /^\/services\/collector(\/event(\/1\.0)?)?$/;
const cloudBytes = 5_242_880;
const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export class HecFace {
  readonly acks = new Acks();
  tokenDisabled = false;
  queuesFull = false;

  constructor(readonly options: HecOptions = {}) {}

  readonly answer = (request: FaceRequest, state: FaceState): FaceAnswer => {
    const { method, path } = request;
    if (/^\/services\/collector\/health(\/1\.0)?$/.test(path))
      return method === 'GET' ? this.health(request, state) : byStatus(405, 'Method Not Allowed');
    const isAck = path === '/services/collector/ack';
    if (!isAck && !eventPaths.test(path)) return byStatus(404, 'The requested URL was not found on this server.');
    if (method !== 'POST') return byStatus(405, 'Method Not Allowed');
    if (!['', 'gzip', 'identity'].includes(request.headers['content-encoding'] ?? ''))
      return respond(415, '<html><body>Unsupported Media Type</body></html>');
    if (request.body.length > (this.options.maxBytes ?? 838_860_800))
      return byStatus(413, 'Content-Length of the body is too large');
    const refused = this.authorise(request, state) ?? this.checkChannel(request, isAck);
    if (refused !== undefined) return say(refused);
    return isAck ? this.poll(request) : this.take(request, state.refuse);
  };

  private health(request: FaceRequest, state: FaceState): FaceAnswer {
    // Answers without a token; with one, some versions judge it here too.
    const code = request.headers['authorization'] === undefined ? undefined : this.authorise(request, state);
    if (code !== undefined) return say(code === 1 ? 22 : 21);
    return say(this.queuesFull ? 18 : 17);
  }

  private authorise(request: FaceRequest, state: FaceState): number | undefined {
    const header = request.headers['authorization'];
    if (header === undefined) return request.query.has('token') ? 16 : 2;
    const match = /^Splunk (.+)$/.exec(header);
    if (!match) return 3;
    if (match[1] !== state.token) return 4;
    return this.tokenDisabled ? 1 : undefined;
  }

  private checkChannel(request: FaceRequest, isAck: boolean): number | undefined {
    if (!this.options.useAck) return isAck ? 14 : undefined;
    const channel = channelOf(request);
    if (channel === '') return this.options.cloud ? 28 : 10;
    return guid.test(channel) ? undefined : 11;
  }

  private poll(request: FaceRequest): FaceAnswer {
    const [asked] = readHecObjects(request.body).objects;
    const ids = asked?.['acks'];
    if (!Array.isArray(ids) || !ids.every((id): id is number => Number.isInteger(id))) return say(6);
    return respond(200, { acks: this.acks.poll(channelOf(request), ids) });
  }

  private take(request: FaceRequest, refuse: Refusal | undefined): FaceAnswer {
    if (request.unreadable) return say(6, 0);
    if (request.body.length === 0) return say(5);
    const { objects, malformed } = readHecObjects(request.body);
    const events = objects.map(sinkEvent);
    if (this.options.cloud && request.body.length > cloudBytes) return say(6, 0, events);
    if (objects.length === 0) return malformed ? say(6, 0) : say(5);
    const taken: SinkEvent[] = [];
    for (const [i, object] of objects.entries()) {
      const event = sinkEvent(object);
      const fault = this.fault(object) ?? (refuse?.(event) ? (this.options.refusalCode ?? 6) : undefined);
      // Stops without a word: 200, and this object and all behind it are gone.
      if (fault === 'unknown_key') return this.accept(request, events, taken);
      // Everything before the bad one is indexed, it and everything behind it is not. Code 7 names the one behind it.
      if (fault !== undefined) return say(fault, fault === 7 ? i + 1 : i, events, taken);
      if (object['event'] !== undefined) taken.push(event);
    }
    return malformed ? say(6, objects.length, events, taken) : this.accept(request, events, taken);
  }

  private accept(request: FaceRequest, events: readonly SinkEvent[], taken: readonly SinkEvent[]): FaceAnswer {
    const reply = hecReply(0, this.options.useAck ? { ackId: this.acks.issue(channelOf(request)) } : {});
    return respond(reply.status, reply.body, events, taken);
  }

  private fault(object: JsonObject): number | 'unknown_key' | undefined {
    if (Object.keys(object).some((key) => !envelopeKeys.has(key))) return 'unknown_key';
    const { event, fields, index } = object;
    // An object of nothing but fields is passed over in silence.
    if (event === undefined) return fields === undefined ? 12 : undefined;
    if (event === null || (typeof event === 'string' && event.trim() === '')) return 13;
    if (fields !== undefined && !isFlat(fields)) return 15;
    if (index !== undefined && this.options.indexes && !this.options.indexes.some((name) => name === index)) return 7;
    return undefined;
  }
}

function isFlat(fields: unknown): boolean {
  return isObject(fields) && Object.values(fields).every((value) => !isObject(value));
}

function channelOf(request: FaceRequest): string {
  return request.headers['x-splunk-request-channel'] ?? request.query.get('channel') ?? '';
}

function say(
  code: number,
  at?: number,
  events: readonly SinkEvent[] = [],
  taken: readonly SinkEvent[] = [],
): FaceAnswer {
  const reply = hecReply(code, at === undefined ? {} : { 'invalid-event-number': at });
  return respond(reply.status, reply.body, events, taken);
}

function byStatus(status: number, text: string): FaceAnswer {
  return respond(status, { text, code: status });
}
