// Decides what becomes of each record of a batch: a new row with its tenant's next seq, a repeat, or a case for quarantine. Pure: the
// transaction hands in what the database knows and carries out what comes back.
import type { QuarantineReason } from '@auditlane/contracts';
import type { Readable, Reading } from './read-record';
import type { SourceRecord } from './source-record';

export interface TenantHead {
  readonly nextSeq: number;
  /** A day as PostgreSQL writes it; days compare as text. */
  readonly storedDay: string;
}

export interface StoredKey {
  readonly seq: number;
  readonly contentHash: string;
  readonly acceptedOffset: number;
}

export type Fate =
  | { readonly kind: 'stored'; readonly reading: Readable; readonly seq: number; readonly storedDay: string }
  | { readonly kind: 'duplicate'; readonly reading: Readable; readonly seq: number }
  | {
      readonly kind: 'quarantined';
      readonly record: SourceRecord;
      readonly reason: QuarantineReason;
      readonly detail: string;
    };
export type StoredFate = Extract<Fate, { kind: 'stored' }>;
export type QuarantinedFate = Extract<Fate, { kind: 'quarantined' }>;

export interface Plan {
  /** One per reading, in order. */
  readonly fates: readonly Fate[];
  /** The heads that moved. */
  readonly heads: ReadonlyMap<string, TenantHead>;
}

/** What joins a tenant and an id into one key: tenant ids never hold a NUL. */
export const dedupeKey = (tenant: string, id: string): string => `${tenant}\0${id}`;

export interface Known {
  readonly heads: ReadonlyMap<string, TenantHead>;
  readonly keys: ReadonlyMap<string, StoredKey>;
  /** The database's UTC date, read under the heads' locks. */
  readonly today: string;
}

export function planBatch(readings: readonly Reading[], known: Known): Plan {
  const heads = new Map<string, TenantHead>();
  const keys = new Map<string, Omit<StoredKey, 'acceptedOffset'>>();
  const fates = readings.map((reading): Fate => {
    if (reading.kind === 'unreadable') return { ...reading, kind: 'quarantined' };
    const { tenant, id, contentHash } = reading.headers;
    const key = dedupeKey(tenant, id);
    const earlier = keys.get(key) ?? known.keys.get(key);
    if (earlier?.contentHash === contentHash) return { kind: 'duplicate', reading, seq: earlier.seq };
    if (earlier) {
      return {
        kind: 'quarantined',
        record: reading.record,
        reason: 'id_conflict',
        detail: `id ${id} was stored before with other content: content hash ${earlier.contentHash} (seq ${earlier.seq}), here ${contentHash}`,
      };
    }
    const head = heads.get(tenant) ?? known.heads.get(tenant) ?? { nextSeq: 1, storedDay: known.today };
    const storedDay = head.storedDay > known.today ? head.storedDay : known.today;
    heads.set(tenant, { nextSeq: head.nextSeq + 1, storedDay });
    keys.set(key, { seq: head.nextSeq, contentHash });
    return { kind: 'stored', reading, seq: head.nextSeq, storedDay };
  });
  return { fates, heads };
}
