// Opens a connection the guarded way: resolve, judge every address, connect to that very address, look at the socket, then TLS.
import { connect as tcpConnect, type Socket } from 'node:net';
import { connect as tlsConnect, type SecureContext, type TLSSocket } from 'node:tls';
import { addressBytes, sameAddress } from './domain/address';
import { certificateFacts, chainLength, type CertificateFacts } from './domain/certificate';
import { failure, lookupFailure, tcpFailure, type EgressFailure } from './domain/failure';
import { permitsAddress, type EgressPolicy } from './domain/policy';
import { tlsFailure } from './domain/tls-failure';
import { codeOf, type Resolver } from './resolve';

export interface ConnectContext {
  readonly policy: EgressPolicy;
  readonly resolver: Resolver;
  /** For look-up, connection and handshake together. */
  readonly timeoutMs: number;
}

/** What was passed on the way to a connection; told as it happens, to whoever tests one. */
export type PassedStage =
  | { readonly stage: 'policy' | 'dns' | 'tcp' }
  | { readonly stage: 'tls'; readonly protocol: string; readonly certificate: CertificateFacts };
export type Observer = (passed: PassedStage) => void;

/** Names with more addresses than this are not worth trying them all within the time there is. */
const triedAddresses = 4;

export type Vetted = { readonly kind: 'addresses'; readonly addresses: readonly string[] } | EgressFailure;
export type Opened =
  { readonly kind: 'open'; readonly socket: TLSSocket; readonly certificate: CertificateFacts } | EgressFailure;

/** Every address of the host, or a refusal: one bad address refuses all, since the next look-up might return only that one. */
export async function vetHost(
  host: string,
  port: number,
  context: ConnectContext,
  signal: AbortSignal,
): Promise<Vetted> {
  const addresses: string[] = [];
  if (addressBytes(host)) addresses.push(host);
  else {
    const resolved = await context.resolver.resolve(host, signal);
    if (resolved.kind === 'failed') return lookupFailure(signal.aborted ? 'ETIMEOUT' : resolved.code);
    addresses.push(...resolved.addresses);
  }
  if (addresses.length === 0) return failure('dns_not_found');
  const permitted = addresses.every((text) => {
    const bytes = addressBytes(text);
    return bytes !== undefined && permitsAddress(context.policy, host, bytes, port);
  });
  return permitted ? { kind: 'addresses', addresses } : failure('destination_refused');
}

export async function openConnection(
  host: string,
  port: number,
  secureContext: SecureContext,
  context: ConnectContext,
  observe: Observer = () => {},
): Promise<Opened> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), context.timeoutMs);
  try {
    const vetted = await vetHost(host, port, context, deadline.signal);
    if (vetted.kind === 'failure') return vetted;
    observe({ stage: 'dns' });
    const tcp = await openTcp(host, vetted.addresses.slice(0, triedAddresses), port, context, deadline.signal);
    if (tcp.kind === 'failure') return tcp;
    observe({ stage: 'tcp' });
    const opened = await openTls(tcp.socket, host, secureContext, deadline.signal);
    if (opened.kind === 'open') {
      observe({ stage: 'tls', protocol: opened.socket.getProtocol() ?? '', certificate: opened.certificate });
    }
    return opened;
  } finally {
    clearTimeout(timer);
  }
}

type OpenedTcp = { readonly kind: 'tcp'; readonly socket: Socket } | EgressFailure;

async function openTcp(
  host: string,
  addresses: readonly string[],
  port: number,
  context: ConnectContext,
  signal: AbortSignal,
): Promise<OpenedTcp> {
  let last: OpenedTcp = failure('tcp_failed');
  for (const [i, address] of addresses.entries()) {
    // A dead first address (typically IPv6 without a route) must leave time for the others.
    const rest = addresses.length - 1 - i;
    const patience =
      rest === 0 ? signal : AbortSignal.any([signal, AbortSignal.timeout(context.timeoutMs / (rest + 2))]);
    last = await connectTo(host, address, port, context.policy, patience);
    if (last.kind === 'tcp' || last.stage === 'policy' || signal.aborted) break;
  }
  return last;
}

function connectTo(
  host: string,
  address: string,
  port: number,
  policy: EgressPolicy,
  signal: AbortSignal,
): Promise<OpenedTcp> {
  return new Promise((resolve) => {
    const socket = tcpConnect({ host: address, port, autoSelectFamily: false, noDelay: true, keepAlive: true });
    const finish = (result: OpenedTcp) => {
      signal.removeEventListener('abort', onAbort);
      socket.removeAllListeners();
      // Whoever takes the socket over adds its own; until then a reset must not become an uncaught error.
      socket.on('error', () => {});
      if (result.kind === 'failure') socket.destroy();
      resolve(result);
    };
    const onAbort = () => finish(failure('tcp_timeout'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', (error) => finish(tcpFailure(codeOf(error))));
    socket.once('connect', () => {
      // Gone again already: a fault of the line, and no refusal of ours.
      if (socket.remoteAddress === undefined) return finish(failure('tcp_failed'));
      const permitted = isConnectedTo(socket, host, address, port, policy);
      finish(permitted ? { kind: 'tcp', socket } : failure('destination_refused'));
    });
    if (signal.aborted) onAbort();
  });
}

/** The last look, before the first byte: whatever happened below us, the other end must be the address that was judged. */
export function isConnectedTo(
  socket: Pick<Socket, 'remoteAddress' | 'remotePort'>,
  host: string,
  address: string,
  port: number,
  policy: EgressPolicy,
): boolean {
  const wanted = addressBytes(address);
  const actual = addressBytes(socket.remoteAddress ?? '');
  if (!wanted || !actual || socket.remotePort !== port) return false;
  return sameAddress(wanted, actual) && permitsAddress(policy, host, actual, port);
}

function openTls(tcp: Socket, host: string, secureContext: SecureContext, signal: AbortSignal): Promise<Opened> {
  return new Promise((resolve) => {
    const socket = tlsConnect({
      socket: tcp,
      host,
      // Server Name Indication carries names only; a literal is checked against the certificate's IP entries.
      ...(addressBytes(host) ? {} : { servername: host }),
      secureContext,
      minVersion: 'TLSv1.2',
      ALPNProtocols: ['http/1.1'],
      // Said explicitly because NODE_TLS_REJECT_UNAUTHORIZED changes only the default.
      rejectUnauthorized: true,
    });
    const finish = (result: Opened) => {
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      socket.on('error', () => {});
      if (result.kind === 'failure') socket.destroy();
      resolve(result);
    };
    const onAbort = () => finish(failure('tls_timeout'));
    let met: { readonly certificate: CertificateFacts; readonly chain: number } | undefined;
    // Emitted when the handshake is done and before the chain is judged: after a refusal the socket knows no certificate any more.
    socket.prependOnceListener('secure', () => {
      // Not getPeerX509Certificate: after it Node itself finds no names in the certificate, and refuses every one.
      const presented = socket.getPeerCertificate(true);
      met = { certificate: certificateFacts(presented), chain: chainLength(presented) };
    });
    const refused = (result: EgressFailure): EgressFailure =>
      met === undefined ? result : { ...result, certificate: met.certificate };
    const onError = (error: unknown) => finish(refused(tlsFailure(codeOf(error), met?.chain)));
    const onClose = () => finish(refused(failure('tls_closed')));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () =>
      finish(socket.authorized && met ? { kind: 'open', socket, certificate: met.certificate } : failure('tls_failed')),
    );
    if (signal.aborted) onAbort();
  });
}
