// The SQL of the event list, as text and values: every value is a parameter, every column name is written here.
import type { Position } from './cursor';
import type { EventFilter } from './event-filter';

export interface Query {
  readonly text: string;
  readonly values: (string | number)[];
}

export interface EventPage {
  readonly tenant: string;
  readonly filter: EventFilter;
  readonly upTo: number;
  readonly after?: Position | undefined;
  readonly limit: number;
  /** A page ends early once its events weigh this much: five hundred of the largest would be 128 MB. */
  readonly maxBytes: number;
}

const instant = (placeholder: string): string => `to_timestamp(${placeholder}::bigint / 1000.0)`;
const micros = '(extract(epoch from occurred_at) * 1000000)::bigint::text';

/**
 * Rows in page order. `page_rows` counts one past the limit, so that the caller knows whether more follow. Row-level security says the
 * tenant a second time.
 */
export function pageQuery({ tenant, filter, upTo, after, limit, maxBytes }: EventPage): Query {
  const values: (string | number)[] = [];
  const value = (item: string | number): string => `$${values.push(item)}`;
  const conditions = [`tenant_id = ${value(tenant)}`, `seq <= ${value(upTo)}`];
  for (const column of ['area', 'action', 'category', 'workspace', 'actor'] as const) {
    const wanted = filter[column];
    if (wanted !== undefined) conditions.push(`${column} = ${value(wanted)}`);
  }
  if (filter.from !== undefined) conditions.push(`occurred_at >= ${instant(value(filter.from))}`);
  if (filter.to !== undefined) conditions.push(`occurred_at < ${instant(value(filter.to))}`);
  if (after)
    conditions.push(
      `(occurred_at, seq) < ('epoch'::timestamptz + ${value(after.occurredAtMicros)}::bigint * interval '1 microsecond', ${value(after.seq)})`,
    );
  const text = `
select seq, area, category, canonical, occurred_at_micros, page_rows
from (
  select *, count(*) over () as page_rows,
    sum(octet_length(canonical)) over (order by occurred_at desc, seq desc) - octet_length(canonical) as bytes_before
  from (
    select seq, occurred_at, area, category, canonical, ${micros} as occurred_at_micros
    from audit.events
    where ${conditions.join(' and ')}
    order by occurred_at desc, seq desc
    limit ${value(limit + 1)}
  ) page
) weighed
where bytes_before < ${value(maxBytes)}
order by occurred_at desc, seq desc
limit ${value(limit)}`;
  return { text, values };
}

export function eventQuery(tenant: string, id: string): Query {
  return {
    text: 'select seq, area, category, canonical from audit.events where tenant_id = $1 and event_id = $2 limit 1',
    values: [tenant, id],
  };
}

/** The tenant's last seq; no row where it has stored nothing yet. */
export function headQuery(tenant: string): Query {
  return { text: 'select next_seq - 1 as head from audit.tenant_head where tenant_id = $1', values: [tenant] };
}
