// Reads the events that a receiver refused, in the tenant's row-level security.
import type { PoisonReason, StoredHeaders } from '@auditlane/contracts';
import type { DeliverableEvent } from '@auditlane/destinations';
import { withTenant } from '@auditlane/storage';
import type { Pool, PoolClient } from 'pg';
import { storedOf } from '../replays/seq-of-time';
import type { DeadLetter } from './dead-letters.schema';
import type { ShownDestination } from './domain/shown-request';

export interface Letter {
  readonly letter: DeadLetter;
  readonly destination: ShownDestination;
  /** `undefined`: retention has removed it. */
  readonly event: DeliverableEvent | undefined;
}

interface LetterRow {
  readonly seq: number;
  readonly event_id: string;
  readonly reason: string;
  readonly code: string;
  readonly words: string;
  readonly excerpt: string;
  readonly at: Date;
  readonly resends: number;
  readonly resending: boolean;
}

interface EventRow extends Omit<StoredHeaders, 'tenant'> {
  readonly canonical: string;
}

const columns = `d.seq, d.event_id, d.reason, d.code, d.words, d.excerpt, d.at, d.resends,
  exists (select 1 from delivery.replay_letter l join delivery.replay r on r.id = l.replay_id
    where r.destination_id = d.destination_id and l.seq = d.seq
      and not exists (select 1 from delivery.replay_progress p where p.replay_id = r.id and p.state in ('completed', 'cancelled'))) as resending`;

export class DeadLettersRepository {
  constructor(private readonly pool: Pool) {}

  /** Highest seq first, one more than `limit` where there are more. `undefined`: the tenant has no such destination. */
  list(
    tenant: string,
    destination: string,
    { reason, limit, below }: { reason: PoisonReason | undefined; limit: number; below: number | undefined },
  ): Promise<readonly DeadLetter[] | undefined> {
    return withTenant(this.pool, tenant, async (client) => {
      if (!(await this.destination(client, tenant, destination))) return undefined;
      const { oldest } = await storedOf(client, tenant);
      const { rows } = await client.query<LetterRow>(
        `select ${columns} from delivery.dead_letter d
         where d.tenant_id = $1 and d.destination_id = $2 and ($3::text is null or d.reason = $3) and ($4::bigint is null or d.seq < $4)
         order by d.seq desc limit $5`,
        [tenant, destination, reason ?? null, below ?? null, limit + 1],
      );
      return rows.map((row) => letterOf(row, row.seq >= oldest));
    });
  }

  find(tenant: string, id: string, seq: number): Promise<Letter | undefined> {
    return withTenant(this.pool, tenant, async (client) => {
      const destination = await this.destination(client, tenant, id);
      const { rows } = await client.query<LetterRow>(
        `select ${columns} from delivery.dead_letter d where d.tenant_id = $1 and d.destination_id = $2 and d.seq = $3`,
        [tenant, id, seq],
      );
      const [row] = rows;
      if (!destination || !row) return undefined;
      const event = await this.event(client, tenant, seq);
      return { letter: letterOf(row, event !== undefined), destination, event };
    });
  }

  private async destination(client: PoolClient, tenant: string, id: string): Promise<ShownDestination | undefined> {
    const { rows } = await client.query<ShownDestination>(
      'select id, type, url, options from settings.destinations where tenant_id = $1 and id = $2',
      [tenant, id],
    );
    return rows[0];
  }

  private async event(client: PoolClient, tenant: string, seq: number): Promise<DeliverableEvent | undefined> {
    const { rows } = await client.query<EventRow>(
      `select seq, canonical, event_id as id, content_hash as "contentHash", action, area, category, workspace, actor,
         clock_skew as "clockSkew", accepted_offset as "acceptedOffset", (extract(epoch from occurred_at) * 1000)::bigint as "occurredAt",
         (extract(epoch from received_at) * 1000)::bigint as "receivedAt"
       from audit.events where tenant_id = $1 and seq = $2`,
      [tenant, seq],
    );
    const [row] = rows;
    if (!row) return undefined;
    const { canonical, ...headers } = row;
    return { seq, canonical: Buffer.from(canonical), headers: { ...headers, tenant } };
  }
}

function letterOf(row: LetterRow, stored: boolean): DeadLetter {
  const { seq, event_id: eventId, reason, code, words, excerpt, at, resends, resending } = row;
  return { seq, eventId, reason, code, words, excerpt, at: at.toISOString(), resends, stored, resending };
}
