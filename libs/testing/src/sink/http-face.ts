// A company's own collector: a bearer token, and one event, an array or lines of them.
import { isObject, sinkEvent, type SinkEvent } from './event';
import { respond, type FaceAnswer, type FaceRequest, type FaceState } from './face';

export interface HttpOptions {
  readonly maxBytes?: number;
  /** What a request with an event that it does not like is answered; nothing of the request is kept then. */
  readonly refuseStatus?: number;
}

export class HttpFace {
  constructor(readonly options: HttpOptions = {}) {}

  readonly answer = (request: FaceRequest, state: FaceState): FaceAnswer => {
    if (request.headers['authorization'] !== `Bearer ${state.token}`) return respond(401, { error: 'unauthorized' });
    if (request.method !== 'POST') return respond(405, { error: 'method not allowed' });
    if (request.body.length > (this.options.maxBytes ?? Number.MAX_SAFE_INTEGER))
      return respond(413, { error: 'too large' });
    const events = request.unreadable ? undefined : readEvents(request);
    if (!events) return respond(400, { error: 'not JSON' });
    const { refuse } = state;
    if (refuse && events.some((event) => refuse(event)))
      return respond(this.options.refuseStatus ?? 422, { error: 'an event was refused' }, events);
    return respond(200, { accepted: events.length }, events, events);
  };
}

function readEvents(request: FaceRequest): readonly SinkEvent[] | undefined {
  const text = request.body.toString('utf8');
  try {
    const lines = (request.headers['content-type'] ?? '').includes('ndjson');
    const parsed: unknown = lines
      ? text
          .split('\n')
          .filter((line) => line !== '')
          .map((line): unknown => JSON.parse(line))
      : JSON.parse(text);
    const values: readonly unknown[] = Array.isArray(parsed) ? parsed : [parsed];
    return values.every(isObject) ? values.map(sinkEvent) : undefined;
  } catch {
    return undefined;
  }
}
