// Reads a tenant's events in order of seq, for draining: as much as is asked for, with the tenant's head of the same moment.
import type { Pool } from 'pg';
import type { StoredHeaders } from '@auditlane/contracts';
import { withTenantSnapshot } from './pool';

export interface ReadLimits {
  readonly maxEvents: number;
  /** Bytes of canonical events; one event is returned even where it alone is more. */
  readonly maxBytes: number;
  /** The storedDay of the row before `fromSeq`, where it is known: days only grow with seq, so that older partitions are left alone. */
  readonly fromDay?: string;
}

export interface StoredEvent {
  readonly seq: number;
  readonly storedDay: string;
  /** The canonical bytes, as they were stored. */
  readonly canonical: Buffer;
  readonly headers: StoredHeaders;
}

export interface EventPage {
  readonly rows: readonly StoredEvent[];
  /** The tenant's last assigned seq at the moment of the read; 0 where it has no event yet. */
  readonly head: number;
}

/** A replica lags behind: taken for the truth, its missing rows would be recorded as a gap. */
export class NotThePrimary extends Error {
  readonly code = '25006';
  constructor() {
    super('events were read from a replica; drains read the primary');
    this.name = 'NotThePrimary';
  }
}

interface Row {
  readonly seq: number;
  readonly stored_day: string;
  readonly canonical: string;
  readonly event_id: string;
  readonly content_hash: string;
  readonly action: string;
  readonly area: string;
  readonly category: string;
  readonly occurred_ms: number;
  readonly received_ms: number;
  readonly workspace: string;
  readonly actor: string;
  readonly clock_skew: boolean;
  readonly accepted_offset: number;
}

const readPage = `
select seq, stored_day, canonical, event_id, content_hash, action, area, category, workspace, actor, clock_skew, accepted_offset,
  (extract(epoch from occurred_at) * 1000)::bigint as occurred_ms, (extract(epoch from received_at) * 1000)::bigint as received_ms
from (
  select page.*, sum(octet_length(canonical)) over (order by seq) - octet_length(canonical) as bytes_before
  from (
    select * from audit.events where tenant_id = $1 and seq >= $2 and stored_day >= $5 order by tenant_id, seq limit $3
  ) page
) counted
where bytes_before < $4 order by seq`;

const readThese = `
select seq, stored_day, canonical, event_id, content_hash, action, area, category, workspace, actor, clock_skew, accepted_offset, found,
  (extract(epoch from occurred_at) * 1000)::bigint as occurred_ms, (extract(epoch from received_at) * 1000)::bigint as received_ms
from (
  select *, count(*) over () as found, sum(octet_length(canonical)) over (order by seq) - octet_length(canonical) as bytes_before
  from audit.events where tenant_id = $1 and seq = any($2::bigint[])
) counted
where bytes_before < $3 order by seq`;

const readHead = `
select coalesce((select next_seq - 1 from audit.tenant_head where tenant_id = $1), 0) as head, pg_is_in_recovery() as replica`;

/** Of the events that were asked for, those that are stored. */
export interface ChosenEvents {
  readonly rows: readonly StoredEvent[];
  /** Where the bytes ended the page: whether later ones are stored was not said. */
  readonly through: number | undefined;
}

export class EventReader {
  constructor(private readonly pool: Pool) {}

  /** @throws NotThePrimary, and whatever the database says (classifyDatabaseError tells what it means) */
  async read(tenant: string, fromSeq: number, limits: ReadLimits): Promise<EventPage> {
    return withTenantSnapshot(this.pool, tenant, async (client) => {
      const head = await client.query<{ head: number; replica: boolean }>({
        name: 'reader-head',
        text: readHead,
        values: [tenant],
      });
      const found = head.rows[0];
      if (!found || found.replica) throw new NotThePrimary();
      if (found.head < fromSeq) return { rows: [], head: found.head };
      const page = await client.query<Row>({
        name: 'reader-page',
        text: readPage,
        values: [tenant, fromSeq, limits.maxEvents, limits.maxBytes, limits.fromDay ?? '-infinity'],
      });
      return { rows: page.rows.map((row) => toStoredEvent(tenant, row)), head: found.head };
    });
  }

  /** Events by their seqs, for sending chosen ones again. */
  async readThese(tenant: string, seqs: readonly number[], maxBytes: number): Promise<ChosenEvents> {
    return withTenantSnapshot(this.pool, tenant, async (client) => {
      const head = await client.query<{ replica: boolean }>({ name: 'reader-head', text: readHead, values: [tenant] });
      if (head.rows[0]?.replica !== false) throw new NotThePrimary();
      const values = [tenant, seqs, maxBytes];
      const { rows } = await client.query<Row & { found: number }>({ name: 'reader-these', text: readThese, values });
      const last = rows.at(-1);
      const isCut = last !== undefined && last.found > rows.length;
      return { rows: rows.map((row) => toStoredEvent(tenant, row)), through: isCut ? last.seq : undefined };
    });
  }
}

function toStoredEvent(tenant: string, row: Row): StoredEvent {
  return {
    seq: row.seq,
    storedDay: row.stored_day,
    canonical: Buffer.from(row.canonical),
    headers: {
      tenant,
      id: row.event_id,
      contentHash: row.content_hash,
      action: row.action,
      area: row.area,
      category: row.category,
      occurredAt: row.occurred_ms,
      receivedAt: row.received_ms,
      workspace: row.workspace,
      actor: row.actor,
      clockSkew: row.clock_skew,
      seq: row.seq,
      acceptedOffset: row.accepted_offset,
    },
  };
}
