// A request that failed before there was an answer to judge, as one value.
import type { ParkReason, TransientReason } from '@auditlane/contracts';
import type { CertificateFacts } from './certificate';
import { failures, type EgressCode, type EgressStage, type FailureCode } from './failure-table';
import type { UrlFault } from './url';

export interface EgressFailure {
  readonly kind: 'failure';
  readonly stage: EgressStage;
  readonly reason: TransientReason | ParkReason;
  readonly code: EgressCode;
  /** A sentence for the page and the log, safe to show to a tenant. */
  readonly words: string;
  /** May the receiver have seen any of the request? If so it may have taken it in. */
  readonly sent: boolean;
  /** The certificate that was met, where the handshake got that far. */
  readonly certificate?: CertificateFacts;
}

export function failure(code: FailureCode, sent = false): EgressFailure {
  const { stage, reason, words } = failures[code];
  return { kind: 'failure', stage, reason, words, code, sent };
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

/** What undici says of a request that had a connection. `answered`: its headers had arrived. */
export function exchangeFailure(code: string, sent: boolean, answered: boolean): EgressFailure {
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return failure('response_headers_too_large', sent);
  if (code.startsWith('HPE_')) return failure('response_unreadable', sent);
  if (code === 'UND_ERR_DESTROYED' || code === 'UND_ERR_CLOSED') return failure('closed', sent);
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_NOT_SUPPORTED') return failure('request_invalid');
  return failure(answered ? 'response_failed' : 'request_failed', sent);
}
