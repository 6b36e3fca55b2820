// The SQL of a preview: counts what a filter finds, one stretch of events at a time from the newest on, so that it can stop whenever it must.
import { toSql, type Query } from '@auditlane/search';

export interface Stretch {
  readonly tenant: string;
  readonly query: Query;
  /** Milliseconds since the epoch; from is part of it, to is not. */
  readonly from: number;
  readonly to: number;
  /** Behind this event, in page order. */
  readonly after?: { readonly occurredAtMicros: string; readonly seq: number } | undefined;
  readonly rows: number;
}

export interface StretchRow {
  /** Action → [all, found]. */
  readonly actions: Readonly<Record<string, readonly [number, number]>> | null;
  readonly rows: number;
  /** The newest event that was found. */
  readonly newest: number | null;
  /** The last event that was looked at; null where there was none. */
  readonly last_seq: number | null;
  readonly last_micros: string | null;
}

export function stretchQuery({ tenant, query, from, to, after, rows }: Stretch) {
  const values: (string | number | readonly string[])[] = [tenant, instant(from), instant(to), rows];
  const behind =
    after === undefined
      ? ''
      : `and (occurred_at, seq) < ('epoch'::timestamptz + $${values.push(after.occurredAtMicros)}::bigint * interval '1 microsecond', $${values.push(after.seq)})`;
  const found = toSql(query, values.length + 1);
  const text = `
with stretch as materialized (
  select action, seq, occurred_at, (${found.text}) as found
  from audit.events
  where tenant_id = $1 and occurred_at >= $2::timestamptz and occurred_at < $3::timestamptz ${behind}
  order by occurred_at desc, seq desc
  limit $4
)
select
  (select jsonb_object_agg(action, jsonb_build_array(total, found))
   from (select action, count(*) as total, count(*) filter (where found) as found from stretch group by action) counted) as actions,
  (select count(*) from stretch) as rows,
  (select seq from stretch where found order by occurred_at desc, seq desc limit 1) as newest,
  last.seq as last_seq, (extract(epoch from last.occurred_at) * 1000000)::bigint::text as last_micros
from (select 1) as one left join (select seq, occurred_at from stretch order by occurred_at, seq limit 1) as last on true`;
  return { text, values: [...values, ...found.values] };
}

const instant = (ms: number): string => new Date(ms).toISOString();
