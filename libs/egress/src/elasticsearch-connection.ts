// The Elasticsearch client behind the guard: its connections are requests of the one outbound client, and it repeats, finds and follows nothing
// by itself. Not part of the front door: whoever loads this loads the client, which forwarders have no use for.
import {
  BaseConnection,
  Client,
  errors,
  type ConnectionRequestOptions,
  type ConnectionRequestOptionsAsStream,
  type ConnectionRequestParams,
  type ConnectionRequestResponse,
  type ConnectionRequestResponseAsStream,
} from '@elastic/elasticsearch';
import type { Egress } from './egress';
import type { EgressRequest, EgressTarget } from './result';

export interface ElasticsearchAccess {
  readonly url: string;
  /** The whole Authorization header. */
  readonly authorization: string;
}

const timeoutMs = 30_000;
const maxAnswerBytes = 4 * 1_048_576;

export function elasticsearchClient(egress: Egress, target: EgressTarget, access: ElasticsearchAccess): Client {
  return new Client({
    node: access.url,
    headers: { authorization: access.authorization },
    Connection: connectionOver(egress, target),
    requestTimeout: timeoutMs,
    // Repeats are decided in one place, by whoever asked.
    maxRetries: 0,
    // A cluster's own list of nodes holds addresses that nobody here has judged.
    sniffOnStart: false,
    sniffInterval: false,
    sniffOnConnectionFault: false,
    enableMetaHeader: false,
  });
}

/** The client makes its connections itself, so it is given a class that knows this egress. */
export function connectionOver(egress: Egress, target: EgressTarget): typeof BaseConnection {
  return class ElasticsearchConnection extends BaseConnection {
    override async request(
      params: ConnectionRequestParams,
      options: ConnectionRequestOptions,
    ): Promise<ConnectionRequestResponse>;
    override async request(
      params: ConnectionRequestParams,
      options: ConnectionRequestOptionsAsStream,
    ): Promise<ConnectionRequestResponseAsStream>;
    override async request(
      params: ConnectionRequestParams,
      options: ConnectionRequestOptions | ConnectionRequestOptionsAsStream,
    ): Promise<ConnectionRequestResponse | ConnectionRequestResponseAsStream> {
      if ('asStream' in options) throw new errors.ConfigurationError('Answers are not streamed.');
      const result = await egress.request(target, requestOf(this.url, params, options), options.signal);
      if (result.kind === 'failure') {
        if (result.reason === 'aborted') throw new errors.RequestAbortedError(result.words);
        if (result.reason === 'timed_out') throw new errors.TimeoutError(result.words);
        throw new errors.ConnectionError(`${result.code}: ${result.words}`);
      }
      const { status, headers, body, truncated } = result.response;
      // The client takes everything below 400 for a success.
      if (status >= 300 && status <= 399)
        throw new errors.ConnectionError(`The answer is a redirect (${status}); redirects are not followed.`);
      if (truncated) throw new errors.ConnectionError('The answer is longer than what is read.');
      return { statusCode: status, headers, body: body.toString('utf8') };
    }

    override async close(): Promise<void> {
      await egress.close(target.destinationId);
    }
  };
}

function requestOf(base: URL, params: ConnectionRequestParams, options: ConnectionRequestOptions): EgressRequest {
  const { method, path, querystring = '', headers = {}, body } = params;
  if (method !== 'GET' && method !== 'POST' && method !== 'PUT' && method !== 'HEAD')
    throw new errors.ConfigurationError(`The method ${method} is not sent.`);
  if (body !== undefined && body !== null && typeof body !== 'string' && !Buffer.isBuffer(body))
    throw new errors.ConfigurationError('Bodies are not streamed.');
  const prefix = base.pathname.replace(/\/+$/, '');
  return {
    method,
    url: `${base.origin}${prefix}${path}${querystring === '' ? '' : `?${querystring}`}`,
    headers: Object.fromEntries(Object.entries(headers).flatMap(headerOf)),
    body: typeof body === 'string' ? Buffer.from(body) : (body ?? Buffer.alloc(0)),
    timeoutMs: options.timeout ?? timeoutMs,
    maxAnswerBytes,
  };
}

const framing: ReadonlySet<string> = new Set(['content-length', 'connection', 'keep-alive', 'accept-encoding']);

/** Without what the outbound client writes itself, and with the plain JSON types: the client's own are refused by clusters of another major version. */
function headerOf([name, value]: [string, string | string[] | undefined]): [string, string][] {
  if (value === undefined || framing.has(name.toLowerCase())) return [];
  const text = Array.isArray(value) ? value.join(', ') : value;
  return [
    [name, text.replace(/application\/vnd\.elasticsearch\+(json|x-ndjson); *compatible-with=\d+/g, 'application/$1')],
  ];
}
