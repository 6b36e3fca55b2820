// Reads and makes the file that holds the key-encryption keys. It is the one secret that is not in the database.
import { randomBytes, randomUUID } from 'node:crypto';
import {
  closeSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';

const keySchema = z
  .base64()
  .transform((text) => Buffer.from(text, 'base64'))
  .refine((key) => key.length === 32, 'must be 32 bytes');

const keyRingSchema = z
  .strictObject({
    active: z.string().min(1).max(128),
    /** Prepared: in every copy of the file before anything is sealed with it. */
    next: z.string().min(1).max(128).optional(),
    keys: z.record(z.string().min(1).max(128), keySchema),
  })
  .refine((ring) => Object.hasOwn(ring.keys, ring.active), 'the active key is not among the keys')
  .refine(({ next, keys }) => next === undefined || Object.hasOwn(keys, next), 'the next key is not among the keys');

export interface KeyRingContent {
  readonly active: string;
  readonly next?: string;
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
  const { active, next, keys } = parsed.data;
  return { active, ...(next === undefined ? {} : { next }), keys: new Map(Object.entries(keys)) };
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
  const [id, key] = freshKey();
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    write(descriptor, { active: id, keys: new Map([[id, key]]) });
  } finally {
    closeSync(descriptor);
  }
}

/** A fresh key in the file that nothing is sealed with yet; the one that is there already where there is one. */
export function prepareKey(file: string): string {
  const content = readKeyRingFile(file);
  if (content.next !== undefined) return content.next;
  const [id, key] = freshKey();
  replace(file, { ...content, next: id, keys: new Map([...content.keys, [id, key]]) });
  return id;
}

/** From now on everything is sealed with the prepared key. */
export function activateKey(file: string): string {
  const { active, next, keys } = readKeyRingFile(file);
  if (next === undefined) return active;
  replace(file, { active: next, keys });
  return next;
}

/** For good: what is sealed with these keys opens nowhere any more, neither in a backup. */
export function removeKeys(file: string, ids: readonly string[]): void {
  const content = readKeyRingFile(file);
  if (ids.includes(content.active)) throw new KeyRingError('the active key cannot be removed');
  if (ids.length > 0)
    replace(file, { ...content, keys: new Map([...content.keys].filter(([id]) => !ids.includes(id))) });
}

function freshKey(): [id: string, key: Buffer] {
  return [`kek-${randomUUID()}`, randomBytes(32)];
}

/** Whole or not at all: a process that reads it meanwhile, or a power cut, finds the old keys or the new ones. */
function replace(file: string, content: KeyRingContent): void {
  const { uid, gid, mode } = statSync(file);
  const draft = `${file}.${randomUUID()}`;
  const descriptor = openSync(draft, 'wx', mode & 0o777);
  try {
    if (process.getuid?.() === 0) fchownSync(descriptor, uid, gid);
    write(descriptor, content);
  } finally {
    closeSync(descriptor);
  }
  renameSync(draft, file);
  const directory = openSync(dirname(file), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function write(descriptor: number, { active, next, keys }: KeyRingContent): void {
  const encoded = Object.fromEntries([...keys].map(([id, key]) => [id, key.toString('base64')]));
  // Without a value `next` is left out.
  writeFileSync(descriptor, `${JSON.stringify({ active, next, keys: encoded }, null, 2)}\n`);
  fsyncSync(descriptor);
}
