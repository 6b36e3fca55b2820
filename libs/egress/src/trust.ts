// Which certificates are trusted: the public roots, the operator's bundle, and per destination its own CA. There is no way to trust all.
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';

/** A context holds its own copy of all roots (about 1 MB) and takes 5 ms to make, so few are kept. */
const keptContexts = 32;

export class TrustStore {
  // Given explicitly so that NODE_EXTRA_CA_CERTS, which anyone who can set a variable could use, adds nothing.
  private readonly common: readonly string[];
  private readonly contexts = new LRUCache<string, SecureContext>({ max: keptContexts });

  constructor(operatorCaPem?: string) {
    if (operatorCaPem !== undefined && certificatesOf(operatorCaPem).length === 0)
      throw new Error('the operator CA bundle holds no certificate in PEM form');
    this.common = [...getCACertificates('bundled'), ...certificatesOf(operatorCaPem ?? '')];
  }

  /** `undefined` where the destination's CA is no certificate. */
  contextFor(caPem: string | null | undefined): SecureContext | undefined {
    const key = caPem ? createHash('sha256').update(caPem).digest('base64') : '';
    const kept = this.contexts.get(key);
    if (kept) return kept;
    const own = certificatesOf(caPem ?? '');
    if (caPem && own.length === 0) return undefined;
    const context = createSecureContext({
      ca: [...this.common, ...own],
      // An intermediate, or the receiver's own certificate, is enough of a trust anchor: people paste what they have.
      allowPartialTrustChain: true,
      minVersion: 'TLSv1.2',
    });
    this.contexts.set(key, context);
    return context;
  }
}

/** The certificates of a PEM text, one a string; none where any of them cannot be read. */
export function certificatesOf(pem: string): readonly string[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    return blocks.every((block) => new X509Certificate(block).raw.length > 0) ? blocks : [];
  } catch {
    return [];
  }
}
