// A CA of the sink's own, and server certificates under it: a good one, and one for each way in which a certificate can be bad.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createCA, createCert } from 'mkcert';
import { z } from 'zod';

export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

/**
 * `self_signed`: a chain that shows its own unknown root, as a fresh Splunk does; `other_ca`: the same without the root. `legacy`: a good
 * certificate on a server that speaks nothing newer than TLS 1.1.
 */
export const certificateKinds = ['valid', 'expired', 'wrong_host', 'self_signed', 'other_ca', 'legacy'] as const;
export type CertificateKind = (typeof certificateKinds)[number];

export const loopbackNames: readonly string[] = ['127.0.0.1', '::1', 'localhost'];

const days = 825;

function newAuthority(organization: string): Promise<KeyPair> {
  return createCA({ organization, countryCode: 'DE', state: 'Test', locality: 'Test', validity: days });
}

// A key takes tenths of a second to make: one CA serves all sinks of a process, and a certificate is made when it is first asked for.
let authority: Promise<KeyPair> | undefined;
const made = new Map<string, Promise<KeyPair>>();

export function testAuthority(): Promise<KeyPair> {
  authority ??= newAuthority('Auditlane test CA');
  return authority;
}

export function certificateFor(kind: CertificateKind, names: readonly string[] = loopbackNames): Promise<KeyPair> {
  const key = `${kind} ${names.join(' ')}`;
  const known = made.get(key);
  if (known) return known;
  const pair = makeCertificate(kind, [...names]);
  made.set(key, pair);
  return pair;
}

async function makeCertificate(kind: CertificateKind, domains: string[]): Promise<KeyPair> {
  const foreign = kind === 'self_signed' || kind === 'other_ca';
  const ca = await (foreign ? newAuthority('Another CA') : testAuthority());
  const pair = await createCert({
    ca,
    domains: kind === 'wrong_host' ? ['other.example.test'] : domains,
    validity: kind === 'expired' ? -1 : days,
  });
  return kind === 'self_signed' ? { ...pair, cert: `${pair.cert}\n${ca.cert}` } : pair;
}

const fileSchema = z.object({ ca: z.string(), key: z.string(), cert: z.string() });

/** The same CA and certificate at every start: whoever has stored the CA in a destination keeps reaching the sink. */
export async function certificatesFromFile(file: string): Promise<{ ca: string; server: KeyPair }> {
  if (existsSync(file)) {
    const { ca, key, cert } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return { ca, server: { key, cert } };
  }
  const ca = (await testAuthority()).cert;
  const server = await certificateFor('valid');
  writeFileSync(file, JSON.stringify({ ca, ...server }), { mode: 0o600 });
  return { ca, server };
}
