// The opaque cursor of a walk through the events: where it stands, and up to which seq it looks. Sealed with a MAC, so that it can only
// be what we gave out, for the tenant and the filter it was given out for.
import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** A place in the order (occurredAt, seq), newest first. */
export interface Position {
  /** Microseconds since the epoch, as text: the store's own precision, which a JavaScript date would round. */
  readonly occurredAtMicros: string;
  readonly seq: number;
}

export interface Cursor {
  /** The tenant's last seq when the walk began. Events stored later are not part of it, so none is shown twice or pushes others about. */
  readonly upTo: number;
  readonly after: Position;
}

/** What a cursor is good for. */
export interface CursorScope {
  readonly tenant: string;
  readonly filterText: string;
}

const payloadSchema = z.tuple([z.int().min(0), z.string().regex(/^-?\d{1,18}$/), z.int().min(0)]);
const macBytes = 32;

export class CursorKey {
  private readonly key: Buffer;

  /** Any secret will do; what is derived from it here opens nothing else. */
  constructor(secret: string | Buffer) {
    this.key = Buffer.from(hkdfSync('sha256', secret, '', 'auditlane event cursor v1', macBytes));
  }

  seal(cursor: Cursor, scope: CursorScope): string {
    const payload = Buffer.from(JSON.stringify([cursor.upTo, cursor.after.occurredAtMicros, cursor.after.seq]));
    return Buffer.concat([this.mac(payload, scope), payload]).toString('base64url');
  }

  /** `undefined` for all that was not sealed by this key for this scope. */
  open(text: string, scope: CursorScope): Cursor | undefined {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length <= macBytes || bytes.toString('base64url') !== text) return undefined;
    const payload = bytes.subarray(macBytes);
    if (!timingSafeEqual(bytes.subarray(0, macBytes), this.mac(payload, scope))) return undefined;
    const [upTo, occurredAtMicros, seq] = payloadSchema.parse(JSON.parse(payload.toString()));
    return { upTo, after: { occurredAtMicros, seq } };
  }

  private mac(payload: Buffer, { tenant, filterText }: CursorScope): Buffer {
    // Lengths first: no tenant and filter can be cut differently and give the same bytes.
    const scope = JSON.stringify([tenant, filterText]);
    return createHmac('sha256', this.key)
      .update(`${Buffer.byteLength(scope)}:${scope}`)
      .update(payload)
      .digest();
  }
}
