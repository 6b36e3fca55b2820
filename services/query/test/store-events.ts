// Puts events into the store as persistence leaves them there: dense seq, the tenant's head moved on.
import { actorLabel, catalogueEntry, type AuditEvent } from '@auditlane/contracts';
import { makeEvent, type TestDatabase } from '@auditlane/testing';

export async function storeEvents(
  db: TestDatabase,
  tenant: string,
  overrides: readonly Partial<AuditEvent>[],
): Promise<readonly (AuditEvent & { readonly id: string })[]> {
  const events = overrides.map((override) => makeEvent({ ...override, tenantId: tenant }));
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    await client.query(`select audit.make_day(audit.database_day())`);
    await client.query('insert into audit.tenant_head (tenant_id) values ($1) on conflict do nothing', [tenant]);
    for (const event of events) {
      const entry = catalogueEntry(event.action);
      const receivedAt = new Date().toISOString();
      await client.query(
        `with head as (update audit.tenant_head set next_seq = next_seq + 1 where tenant_id = $1 returning next_seq - 1 as seq)
         insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category,
           workspace, actor, clock_skew, parameters, details, canonical, accepted_offset)
         select $1, seq, $2, '', audit.database_day(), $3, $4, $5, $6, $7, $8, $9, false, $10, $11, $12, seq from head`,
        [
          tenant,
          event.id,
          receivedAt,
          event.occurredAt,
          entry?.area ?? '',
          event.action,
          entry?.category ?? '',
          event.workspace?.name ?? '',
          actorLabel(event.actor),
          JSON.stringify(event.parameters ?? {}),
          event.details ?? null,
          JSON.stringify({ ...event, receivedAt }),
        ],
      );
    }
    await client.query('commit');
  } finally {
    client.release();
  }
  return events;
}
