// Certificates for servers of tests and of the demo: an authority of its own, and what a verifying client must refuse.
import { createCA, createCert } from 'mkcert';

export interface CertificateAuthority {
  /** What a client is given to trust. */
  readonly pem: string;
  /** For 127.0.0.1 and localhost. */
  readonly server: () => Promise<ServerCertificate>;
  /** Right name, but its time is over. */
  readonly expired: () => Promise<ServerCertificate>;
  /** Valid, but for another host. */
  readonly forHost: (...hosts: readonly string[]) => Promise<ServerCertificate>;
}

export interface ServerCertificate {
  readonly key: string;
  /** The certificate followed by its authority's, as servers send them. */
  readonly cert: string;
}

const loopback = ['127.0.0.1', 'localhost'];

export async function createCertificateAuthority(organization = 'Auditlane test CA'): Promise<CertificateAuthority> {
  const ca = await createCA({ organization, countryCode: 'AQ', state: 'None', locality: 'None', validity: 365 });
  const issue = async (domains: readonly string[], validity: number): Promise<ServerCertificate> => {
    const { key, cert } = await createCert({ ca, domains: [...domains], validity });
    return { key, cert: `${cert}\n${ca.cert}` };
  };
  return {
    pem: ca.cert,
    server: async () => issue(loopback, 90),
    expired: async () => issue(loopback, -1),
    forHost: async (...hosts) => issue(hosts, 90),
  };
}
