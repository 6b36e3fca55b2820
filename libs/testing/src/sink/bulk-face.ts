// The `_bulk` endpoint with scripted items, for mixes of answers that a real Elasticsearch gives only under duress.
import { isObject, sinkEvent, type JsonObject, type SinkEvent } from './event';
import { respond, type FaceAnswer, type FaceRequest, type FaceState } from './face';

/** `undefined` for what a healthy index answers. */
export type ItemScript = (event: SinkEvent, at: number) => ItemAnswer | undefined;

/** The status of one item, its error's type, and what it says of the failure store. */
export interface ItemAnswer {
  readonly status: number;
  readonly type?: string;
  readonly failureStore?: 'used' | 'failed' | 'not_enabled';
}

export interface BulkOptions {
  /** `http.max_content_length`: a larger body is answered 413. */
  readonly maxBytes?: number;
}

export class BulkFace {
  items: ItemScript | undefined;
  private readonly known = new Set<string>();

  constructor(readonly options: BulkOptions = {}) {}

  readonly answer = (request: FaceRequest, state: FaceState): FaceAnswer => {
    const given = /^(ApiKey|Bearer|Basic) (.+)$/.exec(request.headers['authorization'] ?? '')?.[2];
    if (given !== state.token)
      return product(
        respond(401, { error: { type: 'security_exception', reason: 'unable to authenticate' }, status: 401 }),
      );
    if (request.method === 'GET' && request.path === '/')
      return product(respond(200, { version: { number: '9.0.0' }, tagline: 'You Know, for Search' }));
    if (request.method !== 'POST' || !request.path.endsWith('/_bulk'))
      return product(
        respond(404, { error: { type: 'resource_not_found_exception', reason: 'no such path' }, status: 404 }),
      );
    // Netty refuses it before any of Elasticsearch has seen it: no product header, no body.
    if (request.body.length > (this.options.maxBytes ?? 104_857_600)) return respond(413, '');
    const pairs = request.unreadable ? undefined : readPairs(request.body.toString('utf8'));
    if (!pairs || pairs.length === 0)
      return product(respond(400, { error: { type: 'illegal_argument_exception', reason: 'malformed' }, status: 400 }));
    return product(this.index(request.path, pairs, state));
  };

  private index(path: string, pairs: readonly Pair[], state: FaceState): FaceAnswer {
    const target = path.split('/').slice(1, -1).join('/');
    const taken: SinkEvent[] = [];
    const keys = new Set<string>();
    const items = pairs.map(({ action, event }, at) => {
      const index = typeof action['_index'] === 'string' ? action['_index'] : target;
      const id = typeof action['_id'] === 'string' ? action['_id'] : `auto-${this.known.size}-${at}`;
      const key = `${index} ${id}`;
      const verdict: ItemAnswer =
        this.items?.(event, at) ??
        (state.refuse?.(event) ? { status: 400, type: 'document_parsing_exception' } : undefined) ??
        (this.known.has(key) || keys.has(key)
          ? { status: 409, type: 'version_conflict_engine_exception' }
          : { status: 201 });
      if (verdict.status < 300) {
        keys.add(key);
        taken.push(event);
        return { create: { _index: index, _id: id, result: 'created', status: verdict.status, ...diverted(verdict) } };
      }
      const error = { type: verdict.type ?? 'es_rejected_execution_exception', reason: `scripted ${verdict.status}` };
      return { create: { _index: index, _id: id, status: verdict.status, error, ...diverted(verdict) } };
    });
    const events = pairs.map((pair) => pair.event);
    const keep = (): void => keys.forEach((key) => this.known.add(key));
    return { ...respond(200, { took: 1, errors: taken.length < pairs.length, items }, events, taken), keep };
  }
}

const diverted = ({ failureStore }: ItemAnswer): object =>
  failureStore === undefined ? {} : { failure_store: failureStore };

interface Pair {
  readonly action: JsonObject;
  readonly event: SinkEvent;
}

function readPairs(text: string): Pair[] | undefined {
  const lines = text.split('\n').filter((line) => line !== '');
  if (!text.endsWith('\n') || lines.length % 2 !== 0) return undefined;
  const pairs: Pair[] = [];
  try {
    for (let i = 0; i < lines.length; i += 2) {
      const head: unknown = JSON.parse(lines[i] ?? '');
      const document: unknown = JSON.parse(lines[i + 1] ?? '');
      const action = isObject(head) ? head['create'] : undefined;
      if (!isObject(action) || !isObject(document)) return undefined;
      pairs.push({ action, event: sinkEvent(document) });
    }
  } catch {
    return undefined;
  }
  return pairs;
}

function product(answer: FaceAnswer): FaceAnswer {
  return { ...answer, headers: { 'x-elastic-product': 'Elasticsearch' } };
}
