// Certificates that are wrong in ways that the sink's own are not: signed by themselves, without their intermediate, too early, not for a server.
import { generateKeyPairSync } from 'node:crypto';
import { md, pki } from 'node-forge';
import type { KeyPair } from '@auditlane/testing';

interface Wanted {
  readonly name: string;
  readonly issuer?: Issuer;
  readonly isAuthority?: boolean;
  readonly notBefore?: Date;
  readonly usage?: 'serverAuth' | 'clientAuth';
}

export interface Issuer extends KeyPair {
  readonly name: string;
}

const day = 86_400_000;
let serial = 1;

export function issue({ name, issuer, isAuthority = false, notBefore, usage = 'serverAuth' }: Wanted): Issuer {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  const certificate = pki.createCertificate();
  certificate.publicKey = pki.publicKeyFromPem(publicKey);
  certificate.serialNumber = (serial++).toString(16).padStart(4, '0');
  certificate.validity.notBefore = notBefore ?? new Date(Date.now() - day);
  certificate.validity.notAfter = new Date(Date.now() + 300 * day);
  certificate.setSubject([{ name: 'commonName', value: name }]);
  certificate.setIssuer([{ name: 'commonName', value: issuer?.name ?? name }]);
  certificate.setExtensions(
    isAuthority
      ? [
          { name: 'basicConstraints', cA: true },
          { name: 'keyUsage', keyCertSign: true, cRLSign: true },
        ]
      : [
          { name: 'extKeyUsage', [usage]: true },
          { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
        ],
  );
  certificate.sign(pki.privateKeyFromPem(issuer?.key ?? privateKey), md.sha256.create());
  return { name, key: privateKey, cert: pki.certificateToPem(certificate) };
}
