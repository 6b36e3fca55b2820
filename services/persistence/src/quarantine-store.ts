// Writes quarantine rows within a transaction: repeats are known by their coordinates, floods are cut at the caps.
import type { PoolClient } from 'pg';
import { dateArray, int8Array, textArray, timestamptzArray } from '@auditlane/storage';
import { applyCaps, type QuarantineCaps, tallyTenant, type Tally, wholeDay } from './domain/quarantine-caps';
import type { QuarantineRow } from './domain/quarantine-row';

const findKept = `
select i::int as index from unnest($1::date[], $2::text[], $3::int8[], $4::int8[]) with ordinality as u(day, topic, part, off, i)
join audit.quarantine q on q.day = u.day and q.topic = u.topic and q.partition = u.part and q."offset" = u.off`;

/**
 * The whole day's tally is locked by a statement of its own, and so serialises the writers of a day: one that waited for that lock while it read the
 * tenants' tallies would not see those that the writer before it had begun.
 */
const lockWholeDays = `
insert into audit.quarantine_tally as tally (day, tenant_id) select distinct d, '${wholeDay}' from unnest($1::date[]) d order by 1
on conflict (day, tenant_id) do update set kept = tally.kept`;

const lockTallies = `
select day, tenant_id as tenant, kept, overflow from audit.quarantine_tally
where day = any($1::date[]) and tenant_id = any($2::text[]) order by day, tenant_id collate "C" for update`;

const writeTallies = `
insert into audit.quarantine_tally (day, tenant_id, kept, overflow)
select * from unnest($1::date[], $2::text[], $3::int8[], $4::int8[])
on conflict (day, tenant_id) do update set kept = excluded.kept, overflow = excluded.overflow`;

const addRows = `
insert into audit.quarantine (day, topic, partition, "offset", last_offset, reason, detail, tenant_id, action, record_time, value_sha256, value_bytes, excerpt)
select day, topic, part, off, last_off, reason, detail, tenant, action, at, sha256, bytes, decode(excerpt, 'base64')
from unnest($1::date[], $2::text[], $3::int8[], $4::int8[], $5::int8[], $6::text[], $7::text[], $8::text[], $9::text[], $10::timestamptz[],
  $11::text[], $12::int8[], $13::text[]) as t(day, topic, part, off, last_off, reason, detail, tenant, action, at, sha256, bytes, excerpt)
on conflict do nothing`;

export interface Quarantined {
  /** The rows that were not there before, kept or only counted. */
  readonly fresh: readonly QuarantineRow[];
  /** How many of them were only counted. */
  readonly overflow: number;
}

export async function writeQuarantine(
  client: PoolClient,
  rows: readonly QuarantineRow[],
  caps: QuarantineCaps,
): Promise<Quarantined> {
  if (rows.length === 0) return { fresh: [], overflow: 0 };
  const days = dateArray([...new Set(rows.map((row) => row.day))]);
  await client.query({ name: 'quarantine-days', text: lockWholeDays, values: [days] });
  const tenants = textArray([wholeDay, ...new Set(rows.map(tallyTenant))]);
  const tallies = await client.query<Tally>({ name: 'quarantine-lock', text: lockTallies, values: [days, tenants] });
  // Under the lock of the day: nobody adds the same coordinates between the look and the insert.
  const fresh = await withoutRepeats(client, rows);
  const { kept, tallies: changed } = applyCaps(fresh, tallies.rows, caps);
  await client.query({
    name: 'quarantine-tally',
    text: writeTallies,
    values: [
      dateArray(changed.map((tally) => tally.day)),
      textArray(changed.map((tally) => tally.tenant)),
      int8Array(changed.map((tally) => tally.kept)),
      int8Array(changed.map((tally) => tally.overflow)),
    ],
  });
  if (kept.length > 0) await client.query({ name: 'quarantine-rows', text: addRows, values: columnsOf(kept) });
  return { fresh, overflow: fresh.length - kept.length };
}

async function withoutRepeats(client: PoolClient, rows: readonly QuarantineRow[]): Promise<readonly QuarantineRow[]> {
  const found = await client.query<{ index: number }>({
    name: 'quarantine-find',
    text: findKept,
    values: [
      dateArray(rows.map((row) => row.day)),
      textArray(rows.map((row) => row.topic)),
      int8Array(rows.map((row) => row.partition)),
      int8Array(rows.map((row) => row.offset)),
    ],
  });
  const known = new Set(found.rows.map((row) => row.index - 1));
  const seen = new Set<string>();
  return rows.filter((row, index) => {
    const coordinates = `${row.day} ${row.topic} ${row.partition} ${row.offset}`;
    if (known.has(index) || seen.has(coordinates)) return false;
    seen.add(coordinates);
    return true;
  });
}

function columnsOf(rows: readonly QuarantineRow[]): Buffer[] {
  return [
    dateArray(rows.map((row) => row.day)),
    textArray(rows.map((row) => row.topic)),
    int8Array(rows.map((row) => row.partition)),
    int8Array(rows.map((row) => row.offset)),
    int8Array(rows.map((row) => row.lastOffset)),
    textArray(rows.map((row) => row.reason)),
    textArray(rows.map((row) => row.detail)),
    textArray(rows.map((row) => row.tenant)),
    textArray(rows.map((row) => row.action)),
    timestamptzArray(rows.map((row) => row.recordTime)),
    textArray(rows.map((row) => row.valueSha256)),
    int8Array(rows.map((row) => row.valueBytes)),
    textArray(rows.map((row) => row.excerpt.toString('base64'))),
  ];
}
