// The notifications of outages in the database: written under the owner's epoch before anything is sent, so that each is raised once.
import type { Pool, PoolClient } from 'pg';
import type { DestinationType } from '@auditlane/contracts';
import { withTenant } from '@auditlane/storage';
import type { Ownership } from './delivery-store';
import type { Alarm, AlarmKind, Watched } from './domain/alarms';

/** What is said about a destination, as it is when the alarm is raised. */
export interface AlarmFacts {
  readonly name: string;
  readonly type: DestinationType;
  readonly state: string;
  readonly reason: string;
  readonly words: string;
  readonly head: number;
  readonly next: number;
}

export interface Unsent {
  readonly id: string;
  readonly destination: string;
  readonly tenant: string;
  readonly partition: number;
  readonly body: string;
  readonly tries: number;
  readonly url: string;
  readonly caPem: string | null;
  readonly secret: unknown;
  readonly version: number;
}

export interface RaisedAlarm extends Alarm {
  readonly destination: string;
}

const owned = `select 1 from delivery.partition_owner where "group" = $1 and partition = $2 and epoch = $3 for share`;
const withOwner = `with owner as (${owned})`;

const factsSql = `
select d.name, d.type, d.enabled, coalesce(s.state, '') as state, coalesce(s.reason, '') as reason, coalesce(s.words, '') as words,
  coalesce((select next_seq - 1 from audit.tenant_head h where h.tenant_id = d.tenant_id), 0) as head,
  coalesce(c.next_seq, s.delivered_through + 1, d.start_seq) as next
from settings.destinations d
left join delivery.status s on s.destination_id = d.id
left join delivery.cursor c on c.destination_id = d.id
where d.id = $1`;

const insertSql = `
insert into delivery.notification (destination_id, tenant_id, partition, failing_since, kind, id, body)
values ($1, $2, $3, to_timestamp($4::float8 / 1000.0), $5, $6, $7) on conflict do nothing`;

const raisedSql = `
select destination_id as destination, kind, (extract(epoch from failing_since) * 1000)::bigint as "failingSince"
from delivery.notification where destination_id = any($1::uuid[])`;

/** Of one destination the oldest first: nobody hears of a recovery before the failure. */
const unsentSql = `
select * from (
  select distinct on (n.destination_id) n.id, n.destination_id as destination, n.tenant_id as tenant, n.partition, n.body, n.tries, n.next_try_at,
    w.url, w.ca_pem as "caPem", w.secret, w.version
  from delivery.notification n
  join settings.destinations d on d.id = n.destination_id and d.type = $1 and d.enabled
  join settings.webhook w on w.tenant_id = n.tenant_id and w.enabled
  where n.sent_at is null and n.partition = any($2::int[]) and n.created_at > now() - make_interval(secs => $3)
  order by n.destination_id, n.created_at
) first where next_try_at <= now() order by next_try_at limit 50`;

const tryingSql = `${withOwner}
update delivery.notification set tries = tries + 1, next_try_at = now() + make_interval(secs => $5)
where id = $4 and sent_at is null and exists (select from owner)`;

const sentSql = `${withOwner}
update delivery.notification set sent_at = case when $5 then now() else sent_at end, words = $6 where id = $4 and exists (select from owner)`;

export class NotificationStore {
  constructor(
    private readonly pool: Pool,
    private readonly group: string,
    private readonly type: DestinationType,
  ) {}

  async raised(destinations: readonly string[]): Promise<readonly RaisedAlarm[]> {
    const { rows } = await this.pool.query<{ destination: string; kind: AlarmKind; failingSince: number }>(raisedSql, [
      destinations,
    ]);
    return rows;
  }

  /** Tenants among these that want to be told. */
  async listening(tenants: readonly string[]): Promise<ReadonlySet<string>> {
    const { rows } = await this.pool.query<{ tenant: string }>(
      'select tenant_id as tenant from settings.webhook where enabled and tenant_id = any($1)',
      [[...new Set(tenants)]],
    );
    return new Set(rows.map(({ tenant }) => tenant));
  }

  /** `off`: the destination is switched off by now. `gone`: deleted. `refused`: another instance owns the partition. */
  async raise(
    ownership: Ownership,
    { destination, tenant }: Watched,
    alarm: Alarm,
    id: string,
    bodyOf: (facts: AlarmFacts) => string,
  ): Promise<'raised' | 'off' | 'gone' | 'refused'> {
    return withTenant(this.pool, tenant, async (client) => {
      if (!(await this.owns(client, ownership))) return 'refused';
      const { rows } = await client.query<AlarmFacts & { enabled: boolean }>(factsSql, [destination]);
      const [facts] = rows;
      if (!facts) return 'gone';
      if (!facts.enabled) return 'off';
      const { kind, failingSince } = alarm;
      const values = [destination, tenant, ownership.partition, failingSince, kind, id, bodyOf(facts)];
      await client.query(insertSql, values);
      return 'raised';
    });
  }

  async unsent(partitions: readonly number[], giveUpMs: number): Promise<readonly Unsent[]> {
    const { rows } = await this.pool.query<Unsent>(unsentSql, [this.type, partitions, giveUpMs / 1000]);
    return rows;
  }

  /** Written before the request: a process that dies of it does not come back to it at once. */
  async trying(ownership: Ownership, id: string, retryMs: number): Promise<boolean> {
    const { rowCount } = await this.pool.query(tryingSql, [...this.owner(ownership), id, retryMs / 1000]);
    return rowCount === 1;
  }

  async tried(ownership: Ownership, id: string, sent: boolean, words: string): Promise<void> {
    await this.pool.query(sentSql, [...this.owner(ownership), id, sent, words]);
  }

  private async owns(client: PoolClient, ownership: Ownership): Promise<boolean> {
    return (await client.query(owned, this.owner(ownership))).rowCount === 1;
  }

  private owner({ partition, epoch }: Ownership): [string, number, number] {
    return [this.group, partition, epoch];
  }
}
