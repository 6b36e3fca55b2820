// What a receiver's certificate says of itself, for people who must find out which one they met. A stranger's text: still to be cleaned.

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
  readonly validFrom: string;
  readonly validTo: string;
}

type DistinguishedName = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What of a TLS socket's detailed peer certificate is looked at; empty where there is none. */
export interface PresentedCertificate {
  readonly subject?: DistinguishedName;
  readonly issuer?: DistinguishedName;
  readonly subjectaltname?: string | undefined;
  readonly valid_from?: string;
  readonly valid_to?: string;
  readonly fingerprint256?: string;
  readonly issuerCertificate?: PresentedCertificate;
}

/** A certificate may carry thousands of names. */
const shownNames = 20;
const longestChain = 10;

export function certificateFacts(certificate: PresentedCertificate): CertificateFacts {
  return {
    subject: commonName(certificate.subject),
    issuer: commonName(certificate.issuer),
    names: (certificate.subjectaltname ?? '')
      .split(', ')
      .map((name) => name.replace(/^(DNS|IP Address):/, ''))
      .filter((name) => name !== '')
      .slice(0, shownNames),
    validFrom: instant(certificate.valid_from),
    validTo: instant(certificate.valid_to),
  };
}

/** From the receiver's own upwards; the topmost has no issuer, or is its own. */
export function chainLength(certificate: PresentedCertificate): number {
  let length = 0;
  let at: PresentedCertificate | undefined = certificate;
  while (at?.fingerprint256 !== undefined && length < longestChain) {
    length++;
    const above: PresentedCertificate | undefined = at.issuerCertificate;
    at = above?.fingerprint256 === at.fingerprint256 ? undefined : above;
  }
  return length;
}

/** The common name where there is one, else the organization. */
function commonName(name: DistinguishedName | undefined): string {
  const found = name?.['CN'] ?? name?.['O'] ?? '';
  return typeof found === 'string' ? found : found.join(', ');
}

function instant(text: string | undefined): string {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? '' : new Date(ms).toISOString();
}
