// The closed list of ways in which a request fails before there is an answer to judge: stage, reason for the engine, words for people.
import type { ParkReason, TransientReason } from '@auditlane/contracts';
import type { UrlFault } from './url';

export type EgressStage = 'policy' | 'dns' | 'tcp' | 'tls' | 'request' | 'response';

interface Entry {
  readonly stage: EgressStage;
  readonly reason: TransientReason | ParkReason;
  /** Names no address, neither ours nor one a name resolved to: a test of a connection must not map a network. */
  readonly words: string;
}

const entries = {
  destination_refused: {
    stage: 'policy',
    reason: 'egress_refused',
    words: 'The name leads to an address that requests may not go to.',
  },
  request_invalid: {
    stage: 'policy',
    reason: 'configuration_refused',
    words: 'The request cannot be written: a header or the token has characters that HTTP does not allow.',
  },
  ca_invalid: {
    stage: 'policy',
    reason: 'configuration_refused',
    words: 'The CA certificate of this destination cannot be read (PEM is expected).',
  },
  dns_not_found: { stage: 'dns', reason: 'name_not_resolved', words: 'The host name does not exist.' },
  dns_failed: { stage: 'dns', reason: 'name_not_resolved', words: 'The host name could not be looked up.' },
  dns_timeout: { stage: 'dns', reason: 'name_not_resolved', words: 'Looking up the host name took too long.' },
  tcp_refused: { stage: 'tcp', reason: 'connection_failed', words: 'The receiver refused the connection.' },
  tcp_timeout: { stage: 'tcp', reason: 'timed_out', words: 'The receiver did not accept the connection in time.' },
  tcp_failed: { stage: 'tcp', reason: 'connection_failed', words: 'The receiver could not be connected to.' },
  tls_untrusted: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate is not signed by a trusted CA; give its CA certificate with the destination.",
  },
  tls_expired: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate has expired or is not valid yet.",
  },
  tls_wrong_name: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate is for another host name.",
  },
  tls_timeout: { stage: 'tls', reason: 'timed_out', words: 'The receiver did not finish the TLS handshake in time.' },
  tls_failed: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'No TLS connection came about (TLS 1.2 or newer is needed).',
  },
  aborted: { stage: 'request', reason: 'aborted', words: 'The request was given up from our side.' },
  closed: {
    stage: 'request',
    reason: 'aborted',
    words: 'The connection to this destination was closed from our side.',
  },
  request_timeout: { stage: 'request', reason: 'timed_out', words: 'The receiver did not answer in time.' },
  request_failed: {
    stage: 'request',
    reason: 'connection_failed',
    words: 'The connection ended before the receiver answered.',
  },
  response_timeout: { stage: 'response', reason: 'timed_out', words: 'The answer did not end in time.' },
  response_failed: {
    stage: 'response',
    reason: 'connection_failed',
    words: 'The connection ended in the middle of the answer.',
  },
  response_headers_too_large: {
    stage: 'response',
    reason: 'unreadable_answer',
    words: 'The headers of the answer are too large.',
  },
  response_unreadable: { stage: 'response', reason: 'unreadable_answer', words: 'The answer is not HTTP.' },
} as const satisfies Readonly<Record<string, Entry>>;

export type EgressCode = keyof typeof entries | UrlFault;

export interface EgressFailure {
  readonly kind: 'failure';
  readonly stage: EgressStage;
  readonly reason: TransientReason | ParkReason;
  readonly code: EgressCode;
  /** A sentence for the page and the log, safe to show to a tenant. */
  readonly words: string;
  /** May the receiver have seen any of the request? If so it may have taken it in. */
  readonly sent: boolean;
}

export function failure(code: keyof typeof entries, sent = false): EgressFailure {
  return { kind: 'failure', ...entries[code], code, sent };
}

export function urlFailure(code: UrlFault, words: string): EgressFailure {
  return { kind: 'failure', stage: 'policy', reason: 'egress_refused', code, words, sent: false };
}

export function lookupFailure(code: string): EgressFailure {
  if (['ENOTFOUND', 'ENODATA', 'ENONAME'].includes(code)) return failure('dns_not_found');
  return failure(['ETIMEOUT', 'ECANCELLED', 'EAI_AGAIN'].includes(code) ? 'dns_timeout' : 'dns_failed');
}

export function tcpFailure(code: string): EgressFailure {
  if (code === 'ECONNREFUSED') return failure('tcp_refused');
  return failure(code === 'ETIMEDOUT' ? 'tcp_timeout' : 'tcp_failed');
}

export function tlsFailure(code: string): EgressFailure {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return failure('tls_wrong_name');
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return failure('tls_expired');
  return failure(untrusted.has(code) ? 'tls_untrusted' : 'tls_failed');
}

const untrusted: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_CHAIN_TOO_LONG',
  'INVALID_CA',
  'INVALID_PURPOSE',
]);

/** What undici says of a request that had a connection. `answered`: its headers had arrived. */
export function exchangeFailure(code: string, sent: boolean, answered: boolean): EgressFailure {
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return failure('response_headers_too_large', sent);
  if (code.startsWith('HPE_')) return failure('response_unreadable', sent);
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return failure('closed', sent);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return failure('request_invalid');
  return failure(answered ? 'response_failed' : 'request_failed', sent);
}
