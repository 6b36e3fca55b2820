// The one client that every request to a tenant's receiver goes through: forwarders and Test Connection alike.
import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { Pool, type buildConnector } from 'undici';
import { openConnection, vetHost, type ConnectContext, type Observer } from './connect';
import { failure, urlFailure, type EgressFailure } from './domain/failure';
import type { EgressPolicy } from './domain/policy';
import { isCertificateRequired } from './domain/tls-failure';
import { bareHost, checkUrl, portOf } from './domain/url';
import { assertSafeEnvironment } from './environment';
import { ConnectionRefusal, exchange } from './exchange';
import { codeOf, dnsResolver, type Resolver } from './resolve';
import type { EgressRequest, EgressResult, EgressTarget } from './result';
import { TrustStore } from './trust';

export interface EgressOptions {
  readonly connectTimeoutMs?: number;
  /** Trusted for every destination: for operators with a CA of their own. */
  readonly operatorCaPem?: string;
  readonly resolver?: Resolver;
  readonly maxAnswerBytes?: number;
  readonly maxHeaderBytes?: number;
  readonly gzipLevel?: number;
  /** Destinations whose connections are kept at the same time. */
  readonly maxAgents?: number;
  /** Connections of a destination without a request are closed after this. */
  readonly idleMs?: number;
  /** A connection is replaced after this, so that even a busy one notices a moved name, a bad certificate or a revoked CA. */
  readonly maxConnectionAgeMs?: number;
  /** Connections a destination may have at the same time. */
  readonly connectionsPerDestination?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const defaults = {
  connectTimeoutMs: 5_000,
  maxAnswerBytes: 64 * 1024,
  maxHeaderBytes: 16 * 1024,
  // Level 6 costs 30 % more CPU for audit events than level 1 and saves little on the wire.
  gzipLevel: constants.Z_BEST_SPEED,
  maxAgents: 1_000,
  idleMs: 20_000,
  maxConnectionAgeMs: 5 * 60_000,
  connectionsPerDestination: 8,
};

interface Agent {
  readonly version: number;
  readonly origin: string;
  readonly pool: Pool;
  readonly alerts: Alerts;
}

/** What a receiver said by TLS after the handshake: undici tells only that the connection ended. */
interface Alerts {
  asksForCertificate: boolean;
}

const gzipAsync = promisify(gzip);

export class Egress {
  private readonly settings;
  private readonly trust: TrustStore;
  private readonly connecting: ConnectContext;
  private readonly agents: LRUCache<string, Agent>;
  private destroyed = false;

  constructor(
    private readonly policy: EgressPolicy,
    options: EgressOptions = {},
  ) {
    assertSafeEnvironment(options.env ?? process.env);
    this.settings = { ...defaults, ...options };
    this.trust = new TrustStore(options.operatorCaPem);
    this.connecting = {
      policy,
      resolver: options.resolver ?? dnsResolver(),
      timeoutMs: this.settings.connectTimeoutMs,
    };
    this.agents = new LRUCache<string, Agent>({
      max: this.settings.maxAgents,
      // Requests still running on connections that are no longer kept come to their own end.
      dispose: (agent) => void agent.pool.close().catch(() => undefined),
    });
  }

  /** What the text of a URL alone shows: nothing is looked up and nothing is sent. */
  judgeUrl(url: string): { readonly kind: 'allowed' } | EgressFailure {
    const checked = checkUrl(url, this.policy);
    return checked.ok ? { kind: 'allowed' } : urlFailure(checked.code, checked.words);
  }

  /** Resolves and judges without connecting: what Save asks. A yes is not remembered; every connection asks again. */
  async vet(url: string, signal?: AbortSignal): Promise<{ readonly kind: 'allowed' } | EgressFailure> {
    const checked = checkUrl(url, this.policy);
    if (!checked.ok) return urlFailure(checked.code, checked.words);
    const timeout = AbortSignal.timeout(this.settings.connectTimeoutMs);
    const patience = signal ? AbortSignal.any([signal, timeout]) : timeout;
    const vetted = await vetHost(bareHost(checked.url), portOf(checked.url), this.connecting, patience);
    return vetted.kind === 'failure' ? vetted : { kind: 'allowed' };
  }

  async request(target: EgressTarget, request: EgressRequest, signal?: AbortSignal): Promise<EgressResult> {
    const startedAt = performance.now();
    const checked = checkUrl(request.url, this.policy);
    if (!checked.ok) return urlFailure(checked.code, checked.words);
    if (!writable(request.headers)) return failure('request_invalid');
    target.observe?.({ stage: 'policy' });
    const plain = joined(request.body);
    const body = request.gzip && plain.length > 0 ? await gzipAsync(plain, { level: this.settings.gzipLevel }) : plain;
    // Taken only now, so that nothing can close it before the request is handed over.
    const agent = this.agentFor(target, checked.url.origin);
    if ('kind' in agent) return agent;
    const result = await exchange(agent.pool, {
      options: {
        method: request.method,
        path: checked.url.pathname + checked.url.search,
        // Nothing compressed is asked for, so nothing that arrives can be larger than what was sent.
        headers: {
          ...request.headers,
          'accept-encoding': 'identity',
          ...(body === plain ? {} : { 'content-encoding': 'gzip' }),
        },
        body: body.length === 0 && !bodyMethods.has(request.method) ? null : body,
        // Both times are kept by the exchange, to the millisecond and from the same start.
        headersTimeout: 0,
        bodyTimeout: 0,
      },
      sentBytes: body.length,
      startedAt,
      timeoutMs: request.timeoutMs,
      headersTimeoutMs: request.headersTimeoutMs,
      maxAnswerBytes: request.maxAnswerBytes ?? this.settings.maxAnswerBytes,
      signal,
    });
    const wasRefused = result.kind === 'failure' && result.code === 'request_failed' && agent.alerts.asksForCertificate;
    return wasRefused ? failure('tls_client_certificate', result.sent) : result;
  }

  /** Ends a destination's connections at once: its requests end as `closed`, their effect unknown. */
  async close(destinationId: string): Promise<void> {
    const agent = this.agents.get(destinationId);
    if (!agent) return;
    const ended = agent.pool.destroy();
    this.agents.delete(destinationId);
    await ended;
  }

  async destroy(): Promise<void> {
    this.destroyed = true;
    await Promise.all([...this.agents.keys()].map((destinationId) => this.close(destinationId)));
  }

  private agentFor(target: EgressTarget, origin: string): Agent | EgressFailure {
    if (this.destroyed) return failure('closed');
    const kept = this.agents.get(target.destinationId);
    if (kept && kept.version === target.configVersion && kept.origin === origin) return kept;
    if (!this.trust.contextFor(target.caPem)) return failure('ca_invalid');
    const alerts: Alerts = { asksForCertificate: false };
    const pool = this.createPool(origin, target, alerts);
    const agent: Agent = { version: target.configVersion, origin, pool, alerts };
    this.agents.set(target.destinationId, agent);
    return agent;
  }

  private createPool(origin: string, { caPem, observe }: EgressTarget, alerts: Alerts): Pool {
    return new Pool(origin, {
      connections: this.settings.connectionsPerDestination,
      pipelining: 1,
      allowH2: false,
      maxHeaderSize: this.settings.maxHeaderBytes,
      keepAliveTimeout: this.settings.idleMs,
      keepAliveMaxTimeout: this.settings.idleMs,
      clientTtl: this.settings.maxConnectionAgeMs,
      connect: ({ hostname, port }, callback) =>
        void this.dial(hostname, Number(port || 443), caPem, { observe, alerts }, callback),
    });
  }

  private async dial(
    host: string,
    port: number,
    caPem: string | null | undefined,
    { observe, alerts }: { readonly observe: Observer | undefined; readonly alerts: Alerts },
    callback: buildConnector.Callback,
  ): Promise<void> {
    const secureContext = this.trust.contextFor(caPem);
    const opened = secureContext
      ? await openConnection(host, port, secureContext, this.connecting, observe)
      : failure('ca_invalid');
    if (opened.kind === 'open') {
      opened.socket.once('error', (error) => {
        // In TLS 1.3 a receiver looks at a client's certificate only after the client takes the handshake for done.
        if (isCertificateRequired(codeOf(error))) alerts.asksForCertificate = true;
      });
      callback(null, opened.socket);
    } else callback(new ConnectionRefusal(opened), null);
  }
}

const bodyMethods: ReadonlySet<string> = new Set(['POST', 'PUT']);
/** What frames the message and where it goes is this client's business alone. */
const ownHeaders: ReadonlySet<string> = new Set([
  'host',
  'connection',
  'keep-alive',
  'content-length',
  'transfer-encoding',
  'upgrade',
  'expect',
  'accept-encoding',
]);

function writable(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(headers).every(
    ([name, value]) =>
      /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) &&
      !ownHeaders.has(name.toLowerCase()) &&
      /^[\t\x20-\x7e\x80-\xff]*$/.test(value),
  );
}

function joined(body: Buffer | readonly Buffer[] | undefined): Buffer {
  // One write: hundreds of small buffers would each become a TLS record of their own.
  return body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : Buffer.concat(body);
}
