// The closed list of ways in which a request fails before there is an answer to judge: stage, reason for the engine, words and way out for people.
import type { ParkReason, TransientReason } from '@auditlane/contracts';
import type { UrlFault } from './url';

export type EgressStage = 'policy' | 'dns' | 'tcp' | 'tls' | 'request' | 'response';

interface Entry {
  readonly stage: EgressStage;
  readonly reason: TransientReason | ParkReason;
  /** Names no address, neither ours nor one a name resolved to: a test of a connection must not map a network. */
  readonly words: string;
  /** What to do about it. */
  readonly fix: string;
}

const checkReach = 'Check host and port, and that a firewall lets our addresses in.';
const ours = 'Try again. If it lasts, the operator finds the cause in the log.';

export const failures = {
  destination_refused: {
    stage: 'policy',
    reason: 'egress_refused',
    words: 'The name leads to an address that requests may not go to.',
    fix: 'Use a host with a public address, or ask the operator to allow this one (AUDITLANE_EGRESS_ALLOW).',
  },
  request_invalid: {
    stage: 'policy',
    reason: 'configuration_refused',
    words: 'The request cannot be written: a header or the token has characters that HTTP does not allow.',
    fix: 'Enter the token and the headers again, in plain ASCII letters.',
  },
  ca_invalid: {
    stage: 'policy',
    reason: 'configuration_refused',
    words: 'The CA certificate of this destination cannot be read (PEM is expected).',
    fix: 'Paste the CA certificate as PEM text, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----.',
  },
  dns_not_found: {
    stage: 'dns',
    reason: 'name_not_resolved',
    words: 'The host name does not exist.',
    fix: 'Check the spelling of the host, and that its name is known outside your own network.',
  },
  dns_failed: {
    stage: 'dns',
    reason: 'name_not_resolved',
    words: 'The host name could not be looked up.',
    fix: "The name servers of this domain report a fault: have the domain's owner check its delegation and DNSSEC.",
  },
  dns_timeout: {
    stage: 'dns',
    reason: 'name_not_resolved',
    words: 'Looking up the host name took too long.',
    fix: "The name servers of this domain do not answer: have the domain's owner check that they are reachable.",
  },
  tcp_refused: {
    stage: 'tcp',
    reason: 'connection_failed',
    words: 'The receiver refused the connection.',
    fix: 'Nothing listens on this port: check the port, and that the receiver is running.',
  },
  tcp_timeout: {
    stage: 'tcp',
    reason: 'timed_out',
    words: 'The receiver did not accept the connection in time.',
    fix: 'A firewall most likely drops the packets: let our addresses in, and check host and port.',
  },
  tcp_failed: {
    stage: 'tcp',
    reason: 'connection_failed',
    words: 'The receiver could not be connected to.',
    fix: checkReach,
  },
  tls_self_signed: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate is signed by itself, and not trusted.",
    fix: 'Paste this certificate as CA of the destination, or give the receiver one that a trusted CA has signed.',
  },
  tls_unknown_ca: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate is signed by a CA that is not trusted.",
    fix: 'Paste the certificate of that CA as CA of the destination.',
  },
  tls_issuer_missing: {
    stage: 'tls',
    reason: 'tls_failed',
    words:
      "The receiver sends its certificate without that of the certificate's issuer, and the issuer is not trusted.",
    fix: 'Let the receiver send its whole chain (the intermediate certificates too), or paste the certificate of the issuer as CA.',
  },
  tls_untrusted: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate or one above it may not be used for a server, or its signature is wrong.",
    fix: 'Have the certificate issued anew, as one for a server.',
  },
  tls_expired: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate, or one above it, has expired.",
    fix: 'Renew the certificate on the receiving side.',
  },
  tls_not_yet_valid: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate, or one above it, is not valid yet.",
    fix: 'Check the clock of the machine that issued the certificate, or wait until it is valid.',
  },
  tls_wrong_name: {
    stage: 'tls',
    reason: 'tls_failed',
    words: "The receiver's certificate is for another host name.",
    fix: 'Enter the URL with a name that the certificate is for, or have it issued for this host too.',
  },
  tls_old_version: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'The receiver speaks no TLS version that is still safe (TLS 1.2 or newer is needed).',
    fix: 'Switch TLS 1.2 or 1.3 on at the receiver, or at the proxy in front of it.',
  },
  tls_no_common_cipher: {
    stage: 'tls',
    reason: 'tls_failed',
    words:
      'The receiver broke the TLS handshake off: it has no cipher in common with us, or wants a client certificate.',
    fix: 'Allow the usual ciphers of TLS 1.2 or 1.3 at the receiver, and do not ask for a client certificate.',
  },
  tls_client_certificate: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'The receiver asks for a client certificate, which this service does not have.',
    fix: 'Switch client certificates (mutual TLS) off for this address; the token is what signs in.',
  },
  tls_name_unknown: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'The receiver does not serve this host name.',
    fix: 'Check the host: the machine answers, but knows no site of this name.',
  },
  tls_not_spoken: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'What answers on this port does not speak TLS.',
    fix: 'Check the port, and switch TLS (HTTPS) on at the receiver: events leave over HTTPS only.',
  },
  tls_closed: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'The connection was closed during the TLS handshake.',
    fix: 'Check that the port is the HTTPS one, and that no firewall or proxy between ends the connection.',
  },
  tls_timeout: {
    stage: 'tls',
    reason: 'timed_out',
    words: 'The receiver did not finish the TLS handshake in time.',
    fix: 'Check that the port is the HTTPS one; something accepts the connection and then says nothing.',
  },
  tls_failed: {
    stage: 'tls',
    reason: 'tls_failed',
    words: 'No TLS connection came about.',
    fix: 'Check the TLS settings of the receiver: TLS 1.2 or newer, with a certificate for this host.',
  },
  aborted: {
    stage: 'request',
    reason: 'aborted',
    words: 'The request was given up from our side.',
    fix: ours,
  },
  closed: {
    stage: 'request',
    reason: 'aborted',
    words: 'The connection to this destination was closed from our side.',
    fix: ours,
  },
  request_timeout: {
    stage: 'request',
    reason: 'timed_out',
    words: 'The receiver did not answer in time.',
    fix: 'The connection stands, but no answer comes: check the load of the receiver and of the proxies before it.',
  },
  request_failed: {
    stage: 'request',
    reason: 'connection_failed',
    words: 'The connection ended before the receiver answered.',
    fix: 'Check the log of the receiver and of the proxies before it: one of them ended the connection.',
  },
  response_timeout: {
    stage: 'response',
    reason: 'timed_out',
    words: 'The answer did not end in time.',
    fix: 'The answer begins and never ends: check host and path, and the proxies between.',
  },
  response_failed: {
    stage: 'response',
    reason: 'connection_failed',
    words: 'The connection ended in the middle of the answer.',
    fix: 'Check the log of the receiver and of the proxies before it: one of them ended the connection.',
  },
  response_headers_too_large: {
    stage: 'response',
    reason: 'unreadable_answer',
    words: 'The headers of the answer are too large.',
    fix: 'Check host and path: something else than the receiver answers.',
  },
  response_unreadable: {
    stage: 'response',
    reason: 'unreadable_answer',
    words: 'The answer is not HTTP.',
    fix: 'Check the port: what answers there speaks TLS, but not HTTP.',
  },
} as const satisfies Readonly<Record<string, Entry>>;

export type FailureCode = keyof typeof failures;
export type EgressCode = FailureCode | UrlFault;

const urlFix = 'Correct the URL of the destination.';
const urlFixes: Readonly<Record<UrlFault, string>> = {
  url_invalid: urlFix,
  url_too_long: urlFix,
  url_characters: urlFix,
  url_not_https: 'Enter an address that begins with https://',
  url_userinfo: 'Take user name and password out of the URL, and give the token in its own field.',
  url_fragment: urlFix,
  url_not_canonical: urlFix,
  host_invalid: urlFix,
  host_refused: 'Enter a public host name, or ask the operator to allow this one (AUDITLANE_EGRESS_ALLOW).',
  port_refused: 'Use one of the open ports, or ask the operator to open this one (AUDITLANE_EGRESS_PORTS).',
  address_refused: 'Use a public address, or ask the operator to allow this one (AUDITLANE_EGRESS_ALLOW).',
};

export const egressAdvice = (code: EgressCode): string => (isEntry(code) ? failures[code].fix : urlFixes[code]);

/** Every way to fail, in the order of the stages, for the documents. */
export const egressCodes: readonly {
  readonly code: string;
  readonly stage: EgressStage;
  readonly words: string;
  readonly fix: string;
}[] = [
  ...Object.entries(urlFixes).map(([code, fix]) => ({
    code,
    stage: 'policy' as const,
    words: 'The URL is not one that requests may be sent to; the detail says why.',
    fix,
  })),
  ...Object.entries(failures).map(([code, { stage, words, fix }]) => ({ code, stage, words, fix })),
];

function isEntry(code: EgressCode): code is FailureCode {
  return code in failures;
}
