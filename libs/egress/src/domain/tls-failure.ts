// Which of the many ways a TLS handshake goes wrong was met: each has another remedy, and OpenSSL's names for them are no help to anyone.
import { failure, type EgressFailure } from './failure';
import type { FailureCode } from './failure-table';

/** `sentChain`: how many certificates the receiver showed; alone, one whose issuer is unknown may lack only its intermediate. */
export function tlsFailure(code: string, sentChain = 0): EgressFailure {
  const chain = sentChain === 1 && issuerUnknown.has(code) ? 'tls_issuer_missing' : undefined;
  return failure(chain ?? tlsCodes.get(code) ?? alertCode(code) ?? 'tls_failed');
}

const issuerUnknown: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The names that Node gives to OpenSSL's verdicts on a chain. */
const tlsCodes: ReadonlyMap<string, FailureCode> = new Map([
  ...[...issuerUnknown].map((code) => [code, 'tls_unknown_ca'] as const),
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_self_signed'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_unknown_ca'],
  ['CERT_UNTRUSTED', 'tls_untrusted'],
  ['CERT_SIGNATURE_FAILURE', 'tls_untrusted'],
  ['CERT_CHAIN_TOO_LONG', 'tls_untrusted'],
  ['INVALID_CA', 'tls_untrusted'],
  ['INVALID_PURPOSE', 'tls_untrusted'],
  ['CERT_HAS_EXPIRED', 'tls_expired'],
  ['CERT_NOT_YET_VALID', 'tls_not_yet_valid'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_wrong_name'],
  ['ECONNRESET', 'tls_closed'],
  ['EPIPE', 'tls_closed'],
]);

/** OpenSSL's own errors; a newer version words some of them differently, so parts of the names are looked for. */
const alerts: readonly (readonly [part: RegExp, code: FailureCode])[] = [
  [/CERTIFICATE_REQUIRED|ALERT_BAD_CERTIFICATE|ALERT_NO_CERTIFICATE/, 'tls_client_certificate'],
  [/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|VERSION_TOO_LOW/, 'tls_old_version'],
  [/UNRECOGNIZED_NAME/, 'tls_name_unknown'],
  [/HANDSHAKE_FAILURE|NO_SHARED_CIPHER|INSUFFICIENT_SECURITY/, 'tls_no_common_cipher'],
  [/WRONG_VERSION_NUMBER|HTTP_REQUEST|UNKNOWN_PROTOCOL|PACKET_LENGTH_TOO_LONG|RECORD_LAYER_FAILURE/, 'tls_not_spoken'],
  [/UNEXPECTED_EOF/, 'tls_closed'],
];

function alertCode(code: string): FailureCode | undefined {
  return code.startsWith('ERR_SSL_') ? alerts.find(([part]) => part.test(code))?.[1] : undefined;
}

export const isCertificateRequired = (code: string): boolean => alertCode(code) === 'tls_client_certificate';
