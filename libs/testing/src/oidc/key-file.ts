// Keeps the server's keys and secrets in one file (mode 0600), so that tokens outlive a restart and no secret is the same on two machines.
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const keyFileSchema = z.strictObject({
  signingKey: z.looseObject({ kty: z.literal('RSA'), kid: z.string(), n: z.string(), e: z.string(), d: z.string() }),
  cookieKey: z.string(),
  clientSecret: z.string(),
  password: z.string(),
});
export type OidcKeys = z.infer<typeof keyFileSchema>;

const fileName = 'oidc-keys.json';

/** The keys in this folder; `undefined` where no server has run there yet. */
export function readKeys(dataDir: string): OidcKeys | undefined {
  const file = join(dataDir, fileName);
  return existsSync(file) ? keyFileSchema.parse(JSON.parse(readFileSync(file, 'utf8'))) : undefined;
}

export function readOrCreateKeys(dataDir: string): OidcKeys {
  return readKeys(dataDir) ?? createKeys(dataDir);
}

function createKeys(dataDir: string): OidcKeys {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const keys = keyFileSchema.parse({
    signingKey: { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' },
    cookieKey: randomBytes(32).toString('base64url'),
    clientSecret: randomBytes(32).toString('base64url'),
    password: randomBytes(6).toString('base64url'),
  });
  mkdirSync(dataDir, { recursive: true });
  // Written aside and renamed: a start that is killed here leaves no half of a key file.
  const temporary = join(dataDir, `${fileName}.${process.pid}`);
  writeFileSync(temporary, JSON.stringify(keys, null, 2), { mode: 0o600 });
  renameSync(temporary, join(dataDir, fileName));
  return keys;
}
