// A large backlog in the store at once: rows as persistence writes them, without the way through Kafka that would take a test's whole time.
import type { Line } from './line';

const insertSql = `
with stored as (
  insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace, actor,
    clock_skew, canonical, accepted_offset)
  select $1::text, n, 'backlog-' || n, md5(n::text), audit.database_day(), now(), now(), 'workflows', 'workflows.workflow_created', 'User actions', '', 'jane@acme.test',
    false, json_build_object('action', 'workflows.workflow_created', 'details', repeat(md5(n::text), $3::int / 32), 'id', 'backlog-' || n, 'tenantId', $1::text)::text, n - 1
  from generate_series(1, $2::int) as n
  returning seq)
insert into audit.tenant_head (tenant_id, next_seq, stored_day) select $1::text, max(seq) + 1, audit.database_day() from stored`;

/** Events 1 … `count` of a tenant that has none, each of about `bytes`. */
export async function storeBacklog({ db }: Line, tenant: string, count: number, bytes: number): Promise<void> {
  await db.pool.query(insertSql, [tenant, count, bytes]);
}
