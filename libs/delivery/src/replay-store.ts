// The replay tables. Orders are read by version, as settings are; progress is written behind the owner's epoch, with all that it stands for.
import type { Pool, PoolClient } from 'pg';
import type { DestinationType } from '@auditlane/contracts';
import { EventReader, inTransaction } from '@auditlane/storage';
import { isForeignKeyViolation, letterOf, type Ownership } from './delivery-store';
import type { ReadRequest } from './domain/effects';
import type {
  Letter,
  ReplayKind,
  ReplayOrder,
  ReplayProgress,
  ReplayState,
  ReplayWish,
  ReplayWrite,
} from './domain/replay-effects';

const wordsCap = 500;

interface OrderRow {
  readonly id: string;
  readonly destination_id: string;
  readonly tenant_id: string;
  readonly kind: ReplayKind;
  readonly from_seq: number;
  readonly to_seq: number;
  readonly wish: ReplayWish;
  readonly created_ms: number;
  readonly ended: boolean;
}

interface ProgressRow {
  readonly replay_id: string;
  readonly state: ReplayState;
  readonly next_seq: number;
  readonly delivered: number;
  readonly dead_lettered: number;
  readonly unwanted: number;
  readonly missing: number;
  readonly reason: string;
  readonly words: string;
}

const ordersSql = `
select r.id, r.destination_id, r.tenant_id, r.kind, r.from_seq, r.to_seq, r.wish, (extract(epoch from r.created_at) * 1000)::bigint as created_ms,
  coalesce(p.state in ('completed', 'cancelled'), false) as ended
from delivery.replay r
join settings.destinations d on d.id = r.destination_id and d.type = $1
left join delivery.replay_progress p on p.replay_id = r.id
where r.version > $2`;

const ownerSql = `select 1 from delivery.partition_owner where "group" = $1 and partition = $2 and epoch = $3 for share`;

const progressSql = `
insert into delivery.replay_progress as progress
  (replay_id, tenant_id, state, next_seq, delivered, dead_lettered, unwanted, missing, reason, words)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (replay_id) do update set state = excluded.state, next_seq = excluded.next_seq, delivered = excluded.delivered,
  dead_lettered = excluded.dead_lettered, unwanted = excluded.unwanted, missing = excluded.missing, reason = excluded.reason,
  words = excluded.words, updated_at = now()`;

/** A letter that stands was refused once more, by a resend or by a replay of its range. */
const lettersSql = `
insert into delivery.dead_letter as letter (destination_id, tenant_id, seq, event_id, reason, code, words, excerpt)
select $1::uuid, $2::text, l.seq, l.event_id, l.reason, l.code, l.words, l.excerpt
from jsonb_to_recordset($3::jsonb) as l (seq bigint, event_id text, reason text, code text, words text, excerpt text)
on conflict (destination_id, seq) do update set reason = excluded.reason, code = excluded.code, words = excluded.words, at = now(),
  resends = letter.resends + 1`;

const nextLettersSql = `
select l.seq, letter.seq is not null as stands
from delivery.replay_letter l
join delivery.replay r on r.id = l.replay_id
left join delivery.dead_letter letter on letter.destination_id = r.destination_id and letter.seq = l.seq
where l.replay_id = $1 and l.seq >= $2 order by l.seq limit $3`;

export class ReplayStore {
  private readonly open = new Map<string, ReplayOrder>();
  private applied = -1;
  private readonly events: EventReader;

  constructor(
    private readonly pool: Pool,
    private readonly type: DestinationType,
    private readonly group: string,
  ) {
    this.events = new EventReader(pool);
  }

  get version(): number {
    return this.applied;
  }

  /** Every replay that was not over when it was last looked at. */
  all(): Iterable<ReplayOrder> {
    return this.open.values();
  }

  /** Reads what changed since the last time; `version` is one at which settings were read before. */
  async refresh(version: number): Promise<void> {
    const { rows } = await this.pool.query<OrderRow>(ordersSql, [this.type, this.applied]);
    for (const row of rows) {
      if (row.ended) this.open.delete(row.id);
      else this.open.set(row.id, orderOf(row));
    }
    this.applied = Math.max(this.applied, version);
  }

  forget(id: string): void {
    this.open.delete(id);
  }

  async progress(ids: readonly string[]): Promise<Map<string, ReplayProgress>> {
    if (ids.length === 0) return new Map();
    const { rows } = await this.pool.query<ProgressRow>(
      `select replay_id, state, next_seq, delivered, dead_lettered, unwanted, missing, reason, words
       from delivery.replay_progress where replay_id = any($1::uuid[])`,
      [ids],
    );
    return new Map(rows.map((row) => [row.replay_id, progressOf(row)]));
  }

  /** The next letters of a resend, each with its event where it is still stored. */
  async letters(replay: string, tenant: string, { fromSeq, maxEvents, maxBytes }: ReadRequest): Promise<Letter[]> {
    const { rows } = await this.pool.query<{ seq: number; stands: boolean }>(nextLettersSql, [
      replay,
      fromSeq,
      maxEvents,
    ]);
    const standing = rows.filter(({ stands }) => stands).map(({ seq }) => seq);
    const found = await this.events.readThese(tenant, standing, maxBytes);
    const events = new Map(found.rows.map((row) => [row.seq, row]));
    return rows
      .filter(({ seq }) => seq <= (found.through ?? Infinity))
      .map(({ seq, stands }) => ({ seq, stands, event: events.get(seq) }));
  }

  /** False: refused, another instance owns the partition now. */
  async write(ownership: Ownership, order: ReplayOrder, write: ReplayWrite): Promise<boolean> {
    try {
      return await inTransaction(this.pool, (client) => this.writeAll(client, ownership, order, write));
    } catch (error) {
      // The destination was deleted, and the replay with it: what was to be written is of no interest any more.
      if (isForeignKeyViolation(error)) return true;
      throw error;
    }
  }

  private async writeAll(
    client: PoolClient,
    { partition, epoch }: Ownership,
    { id, destination, tenant, kind }: ReplayOrder,
    { progress, deadLetters, delivered }: ReplayWrite,
  ): Promise<boolean> {
    const owner = await client.query(ownerSql, [this.group, partition, epoch]);
    if (owner.rowCount !== 1) return false;
    const { state, nextSeq, reason, words, deadLettered, unwanted, missing } = progress;
    const counts = [progress.delivered, deadLettered, unwanted, missing];
    await client.query(progressSql, [id, tenant, state, nextSeq, ...counts, reason, words.slice(0, wordsCap)]);
    if (deadLetters.length > 0)
      await client.query(lettersSql, [destination, tenant, JSON.stringify(deadLetters.map(letterOf))]);
    if (delivered.length > 0)
      await client.query('delete from delivery.dead_letter where destination_id = $1 and seq = any($2::bigint[])', [
        destination,
        delivered,
      ]);
    if (kind === 'dead_letters')
      await client.query('delete from delivery.replay_letter where replay_id = $1 and seq < $2', [id, nextSeq]);
    return true;
  }
}

function orderOf(row: OrderRow): ReplayOrder {
  return {
    id: row.id,
    destination: row.destination_id,
    tenant: row.tenant_id,
    kind: row.kind,
    fromSeq: row.from_seq,
    toSeq: row.to_seq,
    wish: row.wish,
    createdAt: row.created_ms,
  };
}

function progressOf(row: ProgressRow): ReplayProgress {
  const { state, delivered, unwanted, missing, reason, words } = row;
  return {
    state,
    nextSeq: row.next_seq,
    delivered,
    deadLettered: row.dead_lettered,
    unwanted,
    missing,
    reason,
    words,
  };
}
