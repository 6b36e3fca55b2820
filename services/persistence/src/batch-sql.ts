// The statements of the batch transaction.

/** The row's lock is what makes a partition's batches one after the other, whoever holds the partition. */
export const lockState = `select epoch, next_offset from audit.partition_state where partition = $1 for update`;

export const lockHeads = `
select tenant_id, next_seq, stored_day from audit.tenant_head where tenant_id = any($1::text[]) order by tenant_id for update`;

export const addHeads = `
insert into audit.tenant_head (tenant_id) select t from unnest($1::text[]) t order by 1 on conflict do nothing`;

/**
 * The clock is read here because the heads are locked by now. LATERAL with a limit keeps this an index probe per key: a join may become a
 * scan of the whole table behind a cached plan.
 */
export const findKeys = `
select (extract(epoch from clock.now) * 1000)::bigint as now_ms, (clock.now at time zone 'UTC')::date as today, found.*
from (select clock_timestamp() as now) clock
left join (
  select u.index::int, d.seq, d.content_hash, d.accepted_offset
  from unnest($1::text[], $2::text[]) with ordinality as u(tenant_id, event_id, index)
  cross join lateral (
    select seq, content_hash, accepted_offset from audit.dedupe d
    where d.tenant_id = u.tenant_id and d.event_id = u.event_id limit 1
  ) d
) found on true`;

/**
 * Everything a batch writes. An epoch that is not ours any more would update no state row; it cannot be: the row is locked since the
 * check.
 */
export const writeBatch = `
with state as (
  update audit.partition_state set next_offset = $3::bigint, published_offset = $4::bigint, stored_before = $28::bigint,
    stored = stored + $5::bigint, duplicate = duplicate + $6::bigint, quarantined = quarantined + $7::bigint
  where partition = $1::int and epoch = $2::bigint
), heads as (
  update audit.tenant_head h set next_seq = moved.next_seq, stored_day = moved.stored_day
  from unnest($8::text[], $9::int8[], $10::date[]) as moved(tenant_id, next_seq, stored_day) where h.tenant_id = moved.tenant_id
), input as materialized (
  select * from unnest($11::text[], $12::int8[], $13::text[], $14::text[], $15::date[], $16::timestamptz[], $17::timestamptz[], $18::text[],
    $19::text[], $20::text[], $21::text[], $22::text[], $23::bool[], $24::text[], $25::text[], $26::text[], $27::int8[])
    as t(tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace, actor, clock_skew,
      parameters, details, canonical, accepted_offset)
), keys as (
  insert into audit.dedupe (tenant_id, event_id, seq, content_hash, stored_day, accepted_offset)
  select tenant_id, event_id, seq, content_hash, stored_day, accepted_offset from input
)
insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace, actor,
  clock_skew, parameters, details, canonical, accepted_offset)
select tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace, actor,
  clock_skew, parameters::jsonb, details, canonical, accepted_offset from input`;
