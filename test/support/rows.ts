// What the database holds of a line: events, quarantine, and the counts that must balance.
import { eventually, type EventuallyOptions } from '@auditlane/testing';
import type { Line } from './line';

export interface EventRow {
  readonly tenant: string;
  readonly seq: number;
  readonly id: string;
  readonly canonical: string;
  readonly details: string | null;
  readonly acceptedOffset: number;
}

/** The events of a tenant, or of all, by tenant and seq. */
export async function rowsOf({ db }: Line, tenant?: string): Promise<EventRow[]> {
  const { rows } = await db.pool.query<EventRow>(
    `select tenant_id as tenant, seq::float8 as seq, event_id as id, canonical, details, accepted_offset::float8 as "acceptedOffset"
     from audit.events where $1::text is null or tenant_id = $1 order by tenant_id, seq`,
    [tenant ?? null],
  );
  return rows;
}

export async function countRows({ db }: Line): Promise<number> {
  const { rows } = await db.pool.query<{ count: number }>('select count(*)::float8 as count from audit.events');
  return rows[0]?.count ?? 0;
}

/** Waits until exactly so many events are in the store. */
export async function untilStored(line: Line, count: number, options?: EventuallyOptions): Promise<void> {
  await eventually(
    async () => {
      expect({ stored: await countRows(line) }).toEqual({ stored: count });
      return true;
    },
    { timeoutMs: 30_000, ...options },
  );
}

export interface Totals {
  /** Offsets of `accepted` that are done with. */
  readonly consumed: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly quarantined: number;
}

/** The counters of all partitions, each raised in the transaction that it counts. */
export async function totalsOf({ db }: Line): Promise<Totals> {
  const { rows } = await db.pool.query<Totals>(
    `select coalesce(sum(next_offset), 0)::float8 as consumed, coalesce(sum(stored), 0)::float8 as stored,
       coalesce(sum(duplicate), 0)::float8 as duplicate, coalesce(sum(quarantined), 0)::float8 as quarantined
     from audit.partition_state`,
  );
  return rows[0] ?? { consumed: 0, stored: 0, duplicate: 0, quarantined: 0 };
}

export async function untilTotals(line: Line, totals: Partial<Totals>, options?: EventuallyOptions): Promise<void> {
  await eventually(
    async () => {
      expect(await totalsOf(line)).toMatchObject(totals);
      return true;
    },
    { timeoutMs: 30_000, ...options },
  );
}

export interface QuarantineRow {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly lastOffset: number;
  readonly reason: string;
  readonly detail: string;
  readonly tenant: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly excerpt: Buffer;
}

/** By topic, partition and offset of the record that could not be stored. */
export async function quarantineOf({ db }: Line): Promise<QuarantineRow[]> {
  const { rows } = await db.pool.query<QuarantineRow>(
    `select topic, partition, "offset"::float8 as "offset", last_offset::float8 as "lastOffset", reason, detail, tenant_id as tenant,
       value_sha256 as sha256, value_bytes::float8 as bytes, excerpt
     from audit.quarantine order by topic, partition, "offset"`,
  );
  return rows;
}
