// Puts events where persistence would have put them: dense seq for each tenant, rising offsets for each partition, in `stored` and in PostgreSQL.
import { partitionOf } from '@auditlane/contracts';
import { benchEvent, storedHeaders } from './events';
import { fill } from './fill';
import { partitions, topicOf, type Stage } from './stage';

const insert = `
with stored as (
  insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category, workspace, actor,
    clock_skew, canonical, accepted_offset)
  select t, s, i, h, audit.database_day(), to_timestamp(r / 1000.0), to_timestamp(o / 1000.0), area, action, category, w, actor, false, c, a
  from unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::text[], $8::text[], $9::text[], $10::text[],
    $11::text[], $12::text[], $13::bigint[]) as row(t, s, i, h, r, o, area, action, category, w, actor, c, a)
  returning tenant_id, seq, stored_day)
insert into audit.tenant_head (tenant_id, next_seq, stored_day)
select tenant_id, max(seq) + 1, max(stored_day) from stored group by tenant_id
on conflict (tenant_id) do update set next_seq = excluded.next_seq, stored_day = excluded.stored_day`;

export class StoredLoad {
  private readonly now = Date.now();
  private readonly offsets = new Map<number, number>();
  private made = 0;

  constructor(
    private readonly stage: Stage,
    private readonly prefix: string,
    private readonly tenants: readonly string[],
  ) {}

  /** How many events there are so far. */
  get total(): number {
    return this.made;
  }

  /** How many events a tenant has so far. */
  get heads(): ReadonlyMap<string, number> {
    const { made, tenants } = this;
    return new Map(tenants.map((tenant, i) => [tenant, Math.max(0, Math.ceil((made - i) / tenants.length))]));
  }

  /** Stores the next `count` events: rows first, then the topic, as persistence does. */
  async add(count: number): Promise<void> {
    const topic = topicOf(this.prefix, 'stored');
    const each = 1_000;
    for (let from = 0; from < count; from += each) {
      const events = Array.from({ length: Math.min(each, count - from) }, () => this.next());
      const column = <T>(pick: (event: (typeof events)[number]) => T): T[] => events.map(pick);
      await this.stage.pool.query({
        name: 'insert',
        text: insert,
        values: [
          column(({ event }) => event.tenant),
          column(({ seq }) => seq),
          column(({ event }) => event.headers.id),
          column(({ event }) => event.headers.contentHash),
          column(({ event }) => event.headers.receivedAt),
          column(({ event }) => event.headers.occurredAt),
          column(({ event }) => event.headers.area),
          column(({ event }) => event.headers.action),
          column(({ event }) => event.headers.category),
          column(({ event }) => event.headers.workspace),
          column(({ event }) => event.headers.actor),
          column(({ event }) => event.value.toString()),
          column(({ acceptedOffset }) => acceptedOffset),
        ],
      });
      await fill(this.stage, topic, events.length, (i) => {
        const { event, seq, partition, acceptedOffset } = events[i] ?? this.next();
        return {
          key: event.tenant,
          partition,
          value: event.value,
          headers: { ...storedHeaders(event, seq, acceptedOffset) },
        };
      });
    }
  }

  private next() {
    const at = this.made++;
    const event = benchEvent(at, this.now, undefined, this.tenants);
    const partition = partitionOf(event.tenant, partitions);
    const acceptedOffset = this.offsets.get(partition) ?? 0;
    this.offsets.set(partition, acceptedOffset + 1);
    return { event, partition, acceptedOffset, seq: Math.floor(at / this.tenants.length) + 1 };
  }
}
