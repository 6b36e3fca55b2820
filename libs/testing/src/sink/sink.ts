// A receiver of our own, over HTTPS, that behaves like the real ones, can be told to misbehave, and writes down everything it is sent.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { BulkFace, type BulkOptions } from './bulk-face';
import { certificateFor, loopbackNames, testAuthority, type CertificateKind, type KeyPair } from './certificates';
import type { SinkEvent } from './event';
import type { Face, FaceAnswer, FaceState, Refusal } from './face';
import { countEvents } from './fast-count';
import { HecFace, type HecOptions } from './hec-face';
import { HttpFace, type HttpOptions } from './http-face';
import { duplicateEvents, Journal, takenEvents, type JournalEntry, type OnTaken, type TenantCount } from './journal';
import { pass, type Script } from './script';
import { effectOf, perform } from './serve-script';

export interface SinkOptions {
  readonly face: 'hec' | 'http' | 'bulk';
  readonly token?: string;
  readonly host?: string;
  readonly port?: number;
  /** Names in the certificate besides the loopback ones. */
  readonly names?: readonly string[];
  readonly certificate?: CertificateKind;
  /** Instead of the ones that the process makes. */
  readonly certificates?: { readonly ca: string; readonly server: KeyPair };
  readonly hec?: HecOptions;
  readonly http?: HttpOptions;
  readonly bulk?: BulkOptions;
  /** Counts and checks sequences only: no journal, no parsing, every well-formed request is a success. */
  readonly fast?: boolean;
  /** How many requests the journal keeps; default: all. */
  readonly journalLimit?: number;
  /** Hears of every event that is taken in, before the answer. */
  readonly onTaken?: OnTaken;
}

const gunzipAsync = promisify(gunzip);

export class Sink {
  readonly journal: Journal;
  readonly hec: HecFace;
  readonly http: HttpFace;
  readonly bulk: BulkFace;
  /** TCP connections so far, and those of them whose TLS handshake succeeded. */
  connections = 0;
  handshakes = 0;
  private readonly state: FaceState;
  private readonly queue: Script[] = [];
  private mode: Script = pass;
  private readonly byPath = new Map<string, { readonly queue: Script[]; mode: Script | undefined }>();
  private boundPort = 0;
  private readonly connectionNumbers = new WeakMap<object, number>();

  private constructor(
    private readonly options: SinkOptions,
    private readonly server: Server,
    readonly caPem: string,
  ) {
    this.journal = new Journal(options.fast ? 0 : (options.journalLimit ?? Infinity), options.onTaken);
    this.hec = new HecFace(options.hec);
    this.http = new HttpFace(options.http);
    this.bulk = new BulkFace(options.bulk);
    this.state = { token: options.token ?? 'canary-token-of-a-sink', refuse: undefined };
    server.keepAliveTimeout = 65_000;
    server.on('connection', () => this.connections++);
    server.on('secureConnection', (socket) => this.connectionNumbers.set(socket, ++this.handshakes));
    server.on('request', (request, response) => {
      this.serve(request, response).catch((error: unknown) => response.destroy(toError(error)));
    });
  }

  static async start(options: SinkOptions): Promise<Sink> {
    const ca = options.certificates?.ca ?? (await testAuthority()).cert;
    const pair =
      options.certificates?.server ?? (await secureOptions(options.certificate ?? 'valid', namesOf(options)));
    const sink = new Sink(options, createServer(pair), ca);
    sink.boundPort = await sink.listen(options.port ?? 0);
    return sink;
  }

  get port(): number {
    return this.boundPort;
  }

  /** `https://127.0.0.1:port`; a path of the face is for the sender to add. */
  get url(): string {
    const host = this.options.host ?? '127.0.0.1';
    return `https://${host.includes(':') ? `[${host}]` : host}:${this.boundPort}`;
  }

  get token(): string {
    return this.state.token;
  }

  /** From the next request on, the old token is refused. */
  setToken(token: string): void {
    this.state.token = token;
  }

  /** Does this to one request each, in this order, before going back to the mode. */
  next(...scripts: readonly Script[]): void {
    this.queue.push(...scripts);
  }

  /** Does this to every request until told otherwise (`pass`: behave). */
  always(script: Script): void {
    this.mode = script;
  }

  /** As `next` and `always`, for requests of one path: `/services/collector/ack` is polled beside the events. */
  nextTo(path: string, ...scripts: readonly Script[]): void {
    this.ofPath(path).queue.push(...scripts);
  }

  alwaysTo(path: string, script: Script): void {
    this.ofPath(path).mode = script;
  }

  private ofPath(path: string) {
    const known = this.byPath.get(path) ?? { queue: [], mode: undefined };
    this.byPath.set(path, known);
    return known;
  }

  private scriptFor(path: string): Script {
    const own = this.byPath.get(path);
    return own?.queue.shift() ?? own?.mode ?? this.queue.shift() ?? this.mode;
  }

  /** Refuses events as the face's receiver refuses a bad one: HEC code 6, HTTP 422 for the whole request, one item of a bulk. */
  refuse(refusal: Refusal | undefined): void {
    this.state.refuse = refusal;
  }

  /** Well-behaved again, with an empty journal. */
  reset(): void {
    this.queue.length = 0;
    this.mode = pass;
    this.byPath.clear();
    this.state.refuse = undefined;
    this.hec.tokenDisabled = false;
    this.hec.queuesFull = false;
    this.bulk.items = undefined;
    this.journal.clear();
  }

  /** New connections see this certificate; kept ones are closed. */
  async useCertificate(kind: CertificateKind): Promise<void> {
    this.server.setSecureContext(await secureOptions(kind, namesOf(this.options)));
    this.server.closeAllConnections();
  }

  /** Every request, also refused ones, in order of arrival. */
  get requests(): readonly JournalEntry[] {
    return this.journal.entries;
  }

  /** Every event it kept, in order of arrival. */
  received(tenant?: string): readonly SinkEvent[] {
    return takenEvents(this.journal.entries, tenant);
  }

  seqs(tenant: string): readonly number[] {
    return this.received(tenant).map((event) => event.seq);
  }

  duplicates(): readonly { tenant: string; id: string; times: number }[] {
    return duplicateEvents(this.journal.entries);
  }

  get counts(): ReadonlyMap<string, Readonly<TenantCount>> {
    return this.journal.counts;
  }

  closeConnections(): void {
    this.server.closeAllConnections();
  }

  /** Stops listening: connections are refused until `open`. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  /** Listens again on the same port. */
  async open(): Promise<void> {
    await this.listen(this.boundPort);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private listen(port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, this.options.host ?? '127.0.0.1', () => {
        this.server.removeListener('error', reject);
        const address = this.server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : port);
      });
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const script = this.scriptFor(url.pathname);
    if (script.do === 'reset' && script.when === 'headers') return void request.socket.destroy();
    const { wire, body, unreadable } = await readBody(request);
    if (this.options.fast) return this.serveFast(script, body, response);

    const headers = headersOf(request);
    const face: Face = this[this.options.face].answer;
    const asFace = face(
      { method: request.method ?? '', path: url.pathname, query: url.searchParams, headers, body, unreadable },
      this.state,
    );
    const { ingest, status } = effectOf(script, asFace);
    if (ingest) asFace.keep?.();
    this.journal.add({
      index: this.journal.requests,
      at: Date.now(),
      method: request.method ?? '',
      path: request.url ?? '',
      headers,
      token: (headers['authorization'] ?? '').replace(/^\S+ /, ''),
      connection: this.connectionNumbers.get(request.socket) ?? 0,
      body,
      wireBytes: wire,
      events: asFace.events,
      taken: ingest ? asFace.taken : [],
      status,
    });
    perform(script, response, asFace);
  }

  private serveFast(script: Script, body: Buffer, response: ServerResponse): void {
    this.journal.requests++;
    const asFace: FaceAnswer = {
      status: 200,
      body: this.options.face === 'hec' ? { text: 'Success', code: 0 } : { accepted: true },
      events: [],
      taken: [],
    };
    if (effectOf(script, asFace).ingest)
      countEvents(this.options.face, body, (tenant, seq) => this.journal.count(tenant, seq));
    perform(script, response, asFace);
  }
}

async function readBody(request: IncomingMessage): Promise<{ wire: number; body: Buffer; unreadable: boolean }> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  const raw = Buffer.concat(chunks);
  if (request.headers['content-encoding'] !== 'gzip') return { wire: raw.length, body: raw, unreadable: false };
  try {
    return { wire: raw.length, body: await gunzipAsync(raw), unreadable: false };
  } catch {
    return { wire: raw.length, body: raw, unreadable: true };
  }
}

function headersOf(request: IncomingMessage): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) out[name] = Array.isArray(value) ? value.join(', ') : value;
  return out;
}

function namesOf(options: SinkOptions): readonly string[] {
  return [...loopbackNames, ...(options.names ?? [])];
}

async function secureOptions(kind: CertificateKind, names: readonly string[]): Promise<SecureContextOptions> {
  const { key, cert } = await certificateFor(kind, names);
  // OpenSSL 3 speaks the old versions only at security level 0.
  return kind === 'legacy'
    ? { key, cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    : { key, cert, minVersion: 'TLSv1.2' };
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
