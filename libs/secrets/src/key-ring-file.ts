// Reads and makes the file that holds the key-encryption keys. It is the one secret that is not in the database.
import { randomBytes, randomUUID } from 'node:crypto';
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const keySchema = z
  .base64()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length === 32, 'must be 32 bytes');

const keyRingSchema = z
  .strictObject({
    active: z.string().min(1).max(128),
    keys: z.record(z.string().min(1).max(128), keySchema),
  })
  .refine((ring) => Object.hasOwn(ring.keys, ring.active), 'the active key is not among the keys');

export interface KeyRingContent {
  readonly active: string;
  readonly keys: ReadonlyMap<string, Buffer>;
}

export class KeyRingError extends Error {}

/** Throws a `KeyRingError` that says what to do; a service without its key ring must not start. */
export function readKeyRingFile(file: string): KeyRingContent {
  const text = readGuarded(file);
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new KeyRingError(`the key ring ${file} is not JSON`);
  }
  const parsed = keyRingSchema.safeParse(content);
  if (!parsed.success)
    // The issues name paths and rules, never a key.
    throw new KeyRingError(
      `the key ring ${file} is not {"active": id, "keys": {id: 32 bytes in base64}}: ${parsed.error.issues.map((issue) => `${issue.path.slice(0, 1).join('.')} ${issue.message}`.trim()).join('; ')}`,
    );
  return { active: parsed.data.active, keys: new Map(Object.entries(parsed.data.keys)) };
}

function readGuarded(file: string): string {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    throw new KeyRingError(
      `the key ring ${file} cannot be read: mount it, or make one with createKeyRingFile (npm start does); without it no token can be opened`,
    );
  }
  try {
    // Asked of what was opened, so that nobody can swap the file in between. Windows has no such modes.
    const { mode, uid } = fstatSync(descriptor);
    // A file of another owner (Kubernetes mounts secrets as root with a group) can only be read through its group.
    const refused = uid === process.getuid?.() ? 0o077 : 0o037;
    if (process.platform !== 'win32' && (mode & refused) !== 0)
      throw new KeyRingError(
        `the key ring ${file} can be read by others (mode ${(mode & 0o777).toString(8)}): chmod 600 ${file}`,
      );
    return readFileSync(descriptor, 'utf8');
  } finally {
    closeSync(descriptor);
  }
}

/** Makes a key ring with one fresh key, mode 0600. Never overwrites: the old keys are all that opens the old secrets. */
export function createKeyRingFile(file: string): void {
  const id = `kek-${randomUUID()}`;
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    const content = { active: id, keys: { [id]: randomBytes(32).toString('base64') } };
    writeFileSync(descriptor, `${JSON.stringify(content, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
