// The form in which a secret stands in the database, and the place it is bound to.
import { z } from 'zod';

/** What a sealed secret belongs to. Moved to another row, field or version it does not open. */
export interface SecretPlace {
  readonly tenant: string;
  readonly destination: string;
  readonly field: string;
  readonly version: number;
}

const bytes = (min: number, max: number) =>
  z.base64().refine((text) => {
    const length = Buffer.from(text, 'base64').length;
    return length >= min && length <= max;
  });

export const sealedSecretSchema = z.strictObject({
  v: z.literal(1),
  /** Id of the key-encryption key that wraps the data key. */
  kek: z.string().min(1).max(128),
  /** The wrapped data key: IV, ciphertext, tag. */
  dek: bytes(60, 60),
  iv: bytes(12, 12),
  ct: bytes(0, 64 * 1024),
  tag: bytes(16, 16),
  version: z.int().nonnegative(),
});
export type SealedSecret = Readonly<z.infer<typeof sealedSecretSchema>>;

/**
 * The additional authenticated data. Each part stands behind its length, so that no two places have the same bytes
 * (`a|b` + `c` and `a` + `b|c` would, if they were merely joined). `purpose` keeps a wrapped key from passing as a secret.
 */
export function placeBytes(purpose: 'dek' | 'secret', place: SecretPlace): Buffer {
  const parts = ['auditlane.secret.v1', purpose, place.tenant, place.destination, place.field, String(place.version)];
  return Buffer.concat(
    parts.flatMap((part) => {
      const text = Buffer.from(part, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32BE(text.length);
      return [length, text];
    }),
  );
}
