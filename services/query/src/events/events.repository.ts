// Reads a tenant's events, always inside its row-level security.
import { withTenant } from '@auditlane/storage';
import type { Pool } from 'pg';
import type { Cursor, Position } from './domain/cursor';
import type { EventFilter } from './domain/event-filter';
import type { StoredEvent } from './domain/event-json';
import { eventQuery, headQuery, pageQuery } from './domain/event-sql';

interface EventRow extends StoredEvent {
  readonly occurred_at_micros: string;
  readonly page_rows: number;
}

export interface Page {
  readonly events: readonly StoredEvent[];
  /** Where the next page begins; `undefined` where this is the last. */
  readonly next: Cursor | undefined;
}

const maxPageBytes = 8 * 1024 * 1024;

export class EventsRepository {
  constructor(private readonly pool: Pool) {}

  /** Without a cursor a walk begins, up to what is stored at this moment. */
  page(tenant: string, filter: EventFilter, limit: number, cursor: Cursor | undefined): Promise<Page> {
    return withTenant(this.pool, tenant, async (client) => {
      const upTo = cursor?.upTo ?? (await client.query<{ head: number }>(headQuery(tenant))).rows[0]?.head ?? 0;
      const query = pageQuery({ tenant, filter, upTo, after: cursor?.after, limit, maxBytes: maxPageBytes });
      const { rows } = await client.query<EventRow>(query);
      const last = rows.at(-1);
      const more = last !== undefined && last.page_rows > rows.length;
      return { events: rows, next: more ? { upTo, after: positionOf(last) } : undefined };
    });
  }

  find(tenant: string, id: string): Promise<StoredEvent | undefined> {
    return withTenant(this.pool, tenant, async (client) => {
      const { rows } = await client.query<StoredEvent>(eventQuery(tenant, id));
      return rows[0];
    });
  }
}

function positionOf(row: EventRow): Position {
  return { occurredAtMicros: row.occurred_at_micros, seq: row.seq };
}
