// Reads and writes replays in the tenant's row-level security. The query service wishes; what became of it, the forwarder writes down.
import { withTenant } from '@auditlane/storage';
import type { Pool, PoolClient } from 'pg';
import { removedOf, viewOf, type ReplayRow, type ReplayView, type SeqRange } from './domain/replay-view';
import type { CreateReplay, EstimateReplay, GapList, WishBody } from './replays.schema';
import { firstReceivedFrom, lastReceivedBy, storedOf, type Stored } from './seq-of-time';

export interface Estimate extends SeqRange {
  readonly events: number;
  readonly missing: SeqRange | null;
  readonly estimatedBytes: number;
}

/** Why nothing was started; each is said in words to whoever asked. */
export type NotStarted =
  | { readonly kind: 'absent' }
  | { readonly kind: 'quota' }
  | { readonly kind: 'taken' }
  | { readonly kind: 'nothing'; readonly why: 'backwards' | 'not_stored_yet' | 'removed' | 'no_letters' };
export type Started = { readonly kind: 'started'; readonly view: ReplayView; readonly isNew: boolean } | NotStarted;
export type Estimated = { readonly kind: 'estimated'; readonly estimate: Estimate } | NotStarted;
export type Wished =
  { readonly kind: 'wished'; readonly view: ReplayView } | { readonly kind: 'absent' } | { readonly kind: 'over' };

type Range = Extract<EstimateReplay, { kind: 'range' }>;
type Letters = Extract<EstimateReplay, { kind: 'dead_letters' }>;
type Found = { readonly kind: 'found'; readonly range: SeqRange; readonly seqs: readonly number[] | undefined };

const sampleEvents = 200;
const mostGaps = 1_000;
const open = `not exists (select 1 from delivery.replay_progress p where p.replay_id = r.id and p.state in ('completed', 'cancelled'))`;

const columns = `r.id, r.destination_id, r.kind, r.from_seq, r.to_seq, r.wish, r.requested_by, r.created_at,
  (extract(epoch from r.created_at) * 1000000)::bigint::text as created_micros,
  (select count(*) from delivery.replay_letter l where l.replay_id = r.id) as letters_left,
  (select to_jsonb(p) from delivery.replay_progress p where p.replay_id = r.id) as progress`;

export class ReplaysRepository {
  constructor(
    private readonly pool: Pool,
    private readonly quota: number,
  ) {}

  /** Newest first, one more than `limit` where there are more. `undefined`: the tenant has no such destination. */
  list(tenant: string, destination: string, limit: number, beforeMicros: string | undefined) {
    return withTenant(this.pool, tenant, async (client) => {
      if (!(await this.exists(client, tenant, destination))) return undefined;
      const { oldest } = await storedOf(client, tenant);
      const { rows } = await client.query<ReplayRow>(
        `select ${columns} from delivery.replay r
         where r.tenant_id = $1 and r.destination_id = $2
           and ($4::bigint is null or r.created_at < 'epoch'::timestamptz + $4::bigint * interval '1 microsecond')
         order by r.created_at desc, r.id limit $3`,
        [tenant, destination, limit + 1, beforeMicros ?? null],
      );
      return { rows, views: rows.map((row) => viewOf(row, oldest)) };
    });
  }

  find(tenant: string, destination: string, id: string): Promise<ReplayView | undefined> {
    return withTenant(this.pool, tenant, (client) => this.read(client, tenant, destination, id));
  }

  estimate(tenant: string, destination: string, body: EstimateReplay): Promise<Estimated> {
    return withTenant(this.pool, tenant, async (client): Promise<Estimated> => {
      if (!(await this.exists(client, tenant, destination))) return { kind: 'absent' };
      const stored = await storedOf(client, tenant);
      const found = await this.resolve(client, tenant, destination, body, stored);
      if (found.kind !== 'found') return found;
      return { kind: 'estimated', estimate: await this.weigh(client, tenant, found, stored) };
    });
  }

  /** The lock of the settings' counter makes the quota and the letters that are already on their way certain. */
  create(tenant: string, destination: string, id: string, body: CreateReplay, by: string): Promise<Started> {
    return withTenant(this.pool, tenant, async (client): Promise<Started> => {
      await client.query('select version from settings.version for update');
      if (!(await this.exists(client, tenant, destination))) return { kind: 'absent' };
      const before = await this.read(client, tenant, destination, id);
      if (before)
        return before.kind === body.kind ? { kind: 'started', view: before, isNew: false } : { kind: 'taken' };
      const { rows } = await client.query<{ count: number }>(
        `select count(*) from delivery.replay r where r.tenant_id = $1 and ${open}`,
        [tenant],
      );
      if ((rows[0]?.count ?? 0) >= this.quota) return { kind: 'quota' };
      const found = await this.resolve(client, tenant, destination, body, await storedOf(client, tenant));
      if (found.kind !== 'found') return found;
      const { fromSeq, toSeq } = found.range;
      const inserted = await client.query(
        `insert into delivery.replay (id, destination_id, tenant_id, kind, from_seq, to_seq, requested_by)
         values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing`,
        [id, destination, tenant, body.kind, fromSeq, toSeq, by],
      );
      if (inserted.rowCount !== 1) return { kind: 'taken' };
      if (found.seqs)
        await client.query(
          'insert into delivery.replay_letter (replay_id, tenant_id, seq) select $1, $2, unnest($3::bigint[])',
          [id, tenant, found.seqs],
        );
      const view = await this.read(client, tenant, destination, id);
      if (!view) throw new Error(`replay ${id} cannot be read after it was written`);
      return { kind: 'started', view, isNew: true };
    });
  }

  wish(tenant: string, destination: string, id: string, { wish }: WishBody): Promise<Wished> {
    return withTenant(this.pool, tenant, async (client): Promise<Wished> => {
      await client.query('select version from settings.version for update');
      const before = await this.read(client, tenant, destination, id);
      if (!before) return { kind: 'absent' };
      if (before.wish === wish) return { kind: 'wished', view: before };
      if (before.wish === 'cancel' || before.state === 'completed' || before.state === 'cancelled')
        return { kind: 'over' };
      await client.query('update delivery.replay set wish = $3 where tenant_id = $1 and id = $2', [tenant, id, wish]);
      return { kind: 'wished', view: { ...before, wish } };
    });
  }

  gaps(tenant: string, destination: string): Promise<GapList['items'] | undefined> {
    return withTenant(this.pool, tenant, async (client) => {
      if (!(await this.exists(client, tenant, destination))) return undefined;
      const { rows } = await client.query<{ from_seq: number; to_seq: number; reason: string; at: Date }>(
        `select from_seq, to_seq, reason, at from delivery.gap
         where tenant_id = $1 and destination_id = $2 order by from_seq desc limit $3`,
        [tenant, destination, mostGaps],
      );
      return rows.map(({ from_seq: fromSeq, to_seq: toSeq, reason, at }) => {
        return { fromSeq, toSeq, reason, at: at.toISOString() };
      });
    });
  }

  private async exists(client: PoolClient, tenant: string, destination: string): Promise<boolean> {
    const { rowCount } = await client.query('select 1 from settings.destinations where tenant_id = $1 and id = $2', [
      tenant,
      destination,
    ]);
    return rowCount === 1;
  }

  private async read(client: PoolClient, tenant: string, destination: string, id: string) {
    const { rows } = await client.query<ReplayRow>(
      `select ${columns} from delivery.replay r where r.tenant_id = $1 and r.destination_id = $2 and r.id = $3`,
      [tenant, destination, id],
    );
    const [row] = rows;
    if (!row) return undefined;
    return viewOf(row, (await storedOf(client, tenant)).oldest);
  }

  private resolve(
    client: PoolClient,
    tenant: string,
    destination: string,
    body: EstimateReplay,
    stored: Stored,
  ): Promise<Found | NotStarted> {
    return body.kind === 'range'
      ? this.resolveRange(client, tenant, body, stored)
      : this.resolveLetters(client, tenant, destination, body);
  }

  private async resolveRange(
    client: PoolClient,
    tenant: string,
    { from, to }: Range,
    stored: Stored,
  ): Promise<Found | NotStarted> {
    const fromSeq = from.at === undefined ? from.seq : await firstReceivedFrom(client, tenant, from.at, stored);
    const asked = to.at === undefined ? to.seq : await lastReceivedBy(client, tenant, to.at, stored);
    const toSeq = Math.min(asked, stored.head);
    if (fromSeq > asked) return { kind: 'nothing', why: 'backwards' };
    if (fromSeq > stored.head) return { kind: 'nothing', why: 'not_stored_yet' };
    if (toSeq < stored.oldest) return { kind: 'nothing', why: 'removed' };
    return { kind: 'found', range: { fromSeq, toSeq }, seqs: undefined };
  }

  /** Letters that another open replay sends again already are left to it. */
  private async resolveLetters(
    client: PoolClient,
    tenant: string,
    destination: string,
    { seqs }: Letters,
  ): Promise<Found | NotStarted> {
    const { rows } = await client.query<{ seq: number }>(
      `select d.seq from delivery.dead_letter d
       where d.tenant_id = $1 and d.destination_id = $2 and ($3::bigint[] is null or d.seq = any($3))
         and not exists (select 1 from delivery.replay_letter l join delivery.replay r on r.id = l.replay_id
                         where r.destination_id = $2 and l.seq = d.seq and ${open})
       order by d.seq`,
      [tenant, destination, seqs === 'all' ? null : seqs],
    );
    const found = rows.map(({ seq }) => seq);
    const [fromSeq] = found;
    const toSeq = found.at(-1);
    if (fromSeq === undefined || toSeq === undefined) return { kind: 'nothing', why: 'no_letters' };
    return { kind: 'found', range: { fromSeq, toSeq }, seqs: found };
  }

  private async weigh(client: PoolClient, tenant: string, { range, seqs }: Found, stored: Stored): Promise<Estimate> {
    const { rows } = await client.query<{ bytes: number }>(
      `select coalesce(avg(octet_length(canonical)), 0)::float8 as bytes from
         (select canonical from audit.events where tenant_id = $1 and seq between $2 and $3 order by seq desc limit $4) sample`,
      [tenant, range.fromSeq, range.toSeq, sampleEvents],
    );
    const missing = removedOf(range, stored.oldest);
    const events = seqs
      ? seqs.filter((seq) => seq >= stored.oldest).length
      : range.toSeq - Math.max(range.fromSeq, stored.oldest) + 1;
    return {
      ...range,
      events,
      missing: seqs ? null : missing,
      estimatedBytes: Math.round(events * (rows[0]?.bytes ?? 0)),
    };
  }
}
