// What a failure says: the right stage and reason, and no address in its words.
import { exchangeFailure, failure, lookupFailure, tcpFailure } from './failure';
import { tlsFailure } from './tls-failure';

test.each([
  [lookupFailure('ENOTFOUND'), 'dns_not_found', 'name_not_resolved'],
  [lookupFailure('ENODATA'), 'dns_not_found', 'name_not_resolved'],
  [lookupFailure('ESERVFAIL'), 'dns_failed', 'name_not_resolved'],
  [lookupFailure('ETIMEOUT'), 'dns_timeout', 'name_not_resolved'],
  [tcpFailure('ECONNREFUSED'), 'tcp_refused', 'connection_failed'],
  [tcpFailure('EHOSTUNREACH'), 'tcp_failed', 'connection_failed'],
  [tlsFailure('CERT_HAS_EXPIRED'), 'tls_expired', 'tls_failed'],
  [tlsFailure('CERT_NOT_YET_VALID'), 'tls_not_yet_valid', 'tls_failed'],
  [tlsFailure('SELF_SIGNED_CERT_IN_CHAIN'), 'tls_unknown_ca', 'tls_failed'],
  [tlsFailure('DEPTH_ZERO_SELF_SIGNED_CERT', 1), 'tls_self_signed', 'tls_failed'],
  [tlsFailure('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 1), 'tls_issuer_missing', 'tls_failed'],
  [tlsFailure('UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 2), 'tls_unknown_ca', 'tls_failed'],
  [tlsFailure('INVALID_PURPOSE'), 'tls_untrusted', 'tls_failed'],
  [tlsFailure('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls_wrong_name', 'tls_failed'],
  [tlsFailure('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION'), 'tls_old_version', 'tls_failed'],
  [tlsFailure('ERR_SSL_WRONG_VERSION_NUMBER'), 'tls_not_spoken', 'tls_failed'],
  [tlsFailure('ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE'), 'tls_no_common_cipher', 'tls_failed'],
  [tlsFailure('ERR_SSL_TLSV1_UNRECOGNIZED_NAME'), 'tls_name_unknown', 'tls_failed'],
  [tlsFailure('ECONNRESET'), 'tls_closed', 'tls_failed'],
  [tlsFailure('SOMETHING_NEW'), 'tls_failed', 'tls_failed'],
  [tlsFailure('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'tls_client_certificate', 'tls_failed'],
  [exchangeFailure('UND_ERR_SOCKET', true, false), 'request_failed', 'connection_failed'],
  [exchangeFailure('UND_ERR_SOCKET', true, true), 'response_failed', 'connection_failed'],
  [exchangeFailure('HPE_INVALID_CONSTANT', true, false), 'response_unreadable', 'unreadable_answer'],
  [exchangeFailure('UND_ERR_HEADERS_OVERFLOW', true, false), 'response_headers_too_large', 'unreadable_answer'],
  [exchangeFailure('UND_ERR_DESTROYED', false, false), 'closed', 'aborted'],
  [failure('destination_refused'), 'destination_refused', 'egress_refused'],
])('%j is %s', (result, code, reason) => {
  expect(result).toMatchObject({ kind: 'failure', code, reason });
  // S26: no digits that could be an address or a port; versions of TLS are none.
  expect(result.words).not.toMatch(/\d{2,}|::/);
});

test('only a request that had a connection can have been seen', () => {
  expect(exchangeFailure('UND_ERR_SOCKET', true, false).sent).toBe(true);
  expect(tlsFailure('CERT_HAS_EXPIRED').sent).toBe(false);
});
