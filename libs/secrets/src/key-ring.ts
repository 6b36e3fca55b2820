// Seals and opens tenants' tokens: AES-256-GCM with a fresh data key each, which the key ring's active key wraps.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { readKeyRingFile, type KeyRingContent } from './key-ring-file';
import { placeBytes, sealedSecretSchema, type SealedSecret, type SecretPlace } from './sealed-secret';

/**
 * - `malformed`: the stored value is not a sealed secret at all.
 * - `unknown_key`: its key is not in this key ring (removed too early, or not mounted everywhere yet).
 * - `not_authentic`: it was changed, or it belongs to another place.
 */
export type UnavailableCause = 'malformed' | 'unknown_key' | 'not_authentic';
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly reason: 'secret_unavailable';
  readonly cause: UnavailableCause;
}
export type OpenedSecret = { readonly kind: 'open'; readonly value: string } | Unavailable;
export type Rewrapped =
  | { readonly kind: 'rewrapped'; readonly sealed: SealedSecret }
  | { readonly kind: 'current'; readonly sealed: SealedSecret }
  | Unavailable;

const ivLength = 12;
const tagLength = 16;

export class KeyRing {
  private constructor(
    private content: KeyRingContent,
    private readonly file?: string,
    private mark = '',
  ) {}

  /** Throws where the file is missing, readable by others or malformed: a start without it is refused. */
  static load(file: string): KeyRing {
    const mark = markOf(file);
    return new KeyRing(readKeyRingFile(file), file, mark);
  }

  static of(content: KeyRingContent): KeyRing {
    return new KeyRing(content);
  }

  get activeKey(): string {
    return this.content.active;
  }

  /**
   * Takes in what was changed in the file since it was read. Keys that this process knew stay with it to its end: what it read from the
   * database before a rotation still opens. A file that cannot be read changes nothing; it stops the next start.
   */
  refresh(): void {
    if (this.file === undefined) return;
    try {
      const mark = markOf(this.file);
      if (mark === this.mark) return;
      const fresh = readKeyRingFile(this.file);
      this.content = { ...fresh, keys: new Map([...this.content.keys, ...fresh.keys]) };
      this.mark = mark;
    } catch {
      return;
    }
  }

  /** Made, and not in use yet. */
  get nextKey(): string | undefined {
    return this.content.next;
  }

  /** Ids of the keys in the ring. */
  get keys(): readonly string[] {
    return [...this.content.keys.keys()];
  }

  seal(plaintext: string, place: SecretPlace): SealedSecret {
    this.refresh();
    const dek = randomBytes(32);
    const iv = randomBytes(ivLength);
    const { ct, tag } = encrypt(dek, iv, Buffer.from(plaintext, 'utf8'), placeBytes('secret', place));
    const wrapped = this.wrap(dek, place);
    dek.fill(0);
    return {
      v: 1,
      ...wrapped,
      iv: iv.toString('base64'),
      ct: ct.toString('base64'),
      tag: tag.toString('base64'),
      version: place.version,
    };
  }

  /** `sealed` as it came out of the database. */
  open(sealed: unknown, place: SecretPlace): OpenedSecret {
    const found = this.unwrap(sealed, place);
    if (found.kind === 'unavailable') return found;
    const value = decrypt(
      found.dek,
      Buffer.from(found.sealed.iv, 'base64'),
      Buffer.from(found.sealed.ct, 'base64'),
      Buffer.from(found.sealed.tag, 'base64'),
      placeBytes('secret', place),
    );
    found.dek.fill(0);
    return value ? { kind: 'open', value: value.toString('utf8') } : unavailable('not_authentic');
  }

  /** The same secret under the active key; the secret itself is not decrypted. Doing it twice changes nothing. */
  rewrap(sealed: unknown, place: SecretPlace): Rewrapped {
    const found = this.unwrap(sealed, place);
    if (found.kind === 'unavailable') return found;
    if (found.sealed.kek === this.content.active) return { kind: 'current', sealed: found.sealed };
    const rewrapped = { ...found.sealed, ...this.wrap(found.dek, place) };
    found.dek.fill(0);
    return { kind: 'rewrapped', sealed: rewrapped };
  }

  private wrap(dek: Buffer, place: SecretPlace): { kek: string; dek: string } {
    const key = this.content.keys.get(this.content.active);
    if (!key) throw new Error('the active key is not in the key ring');
    const iv = randomBytes(ivLength);
    const { ct, tag } = encrypt(key, iv, dek, placeBytes('dek', place));
    return { kek: this.content.active, dek: Buffer.concat([iv, ct, tag]).toString('base64') };
  }

  private unwrap(value: unknown, place: SecretPlace): { kind: 'dek'; dek: Buffer; sealed: SealedSecret } | Unavailable {
    const parsed = sealedSecretSchema.safeParse(value);
    if (!parsed.success || !isCanonical(parsed.data)) return unavailable('malformed');
    const sealed = parsed.data;
    // A rotation may be under way: asked of the file only where a key is unknown.
    if (!this.content.keys.has(sealed.kek)) this.refresh();
    const key = this.content.keys.get(sealed.kek);
    if (!key) return unavailable('unknown_key');
    if (sealed.version !== place.version) return unavailable('not_authentic');
    const wrapped = Buffer.from(sealed.dek, 'base64');
    const dek = decrypt(
      key,
      wrapped.subarray(0, ivLength),
      wrapped.subarray(ivLength, -tagLength),
      wrapped.subarray(-tagLength),
      placeBytes('dek', place),
    );
    return dek ? { kind: 'dek', dek, sealed } : unavailable('not_authentic');
  }
}

/** A replaced file has another inode, whatever its clock says. */
function markOf(file: string): string {
  const { ino, mtimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? { ino: 0, mtimeMs: 0, size: 0 };
  return `${ino} ${mtimeMs} ${size}`;
}

/** base64 has several spellings of some bytes; only ours is taken, so that no changed character goes unnoticed. */
function isCanonical(sealed: SealedSecret): boolean {
  return [sealed.dek, sealed.iv, sealed.ct, sealed.tag].every(
    (text) => Buffer.from(text, 'base64').toString('base64') === text,
  );
}

function encrypt(key: Buffer, iv: Buffer, plaintext: Buffer, aad: Buffer): { ct: Buffer; tag: Buffer } {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength }).setAAD(aad);
  const ct = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return { ct, tag: cipher.getAuthTag() };
}

/** `undefined` where the tag does not fit: nothing of an unauthentic plaintext is handed out. */
function decrypt(key: Buffer, iv: Buffer, ct: Buffer, tag: Buffer, aad: Buffer): Buffer | undefined {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: tagLength }).setAAD(aad).setAuthTag(tag);
    return Buffer.concat([decipher.update(ct), decipher.final()]);
  } catch {
    return undefined;
  }
}

function unavailable(cause: UnavailableCause): Unavailable {
  return { kind: 'unavailable', reason: 'secret_unavailable', cause };
}
