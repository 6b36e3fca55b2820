// The delivery tables. Every write holds the owner's row and checks its epoch in the same statement, so that a former owner changes nothing.
import type { Pool } from 'pg';
import type { SavedPosition, StatusRow, Write } from './domain/effects';

const wordsCap = 500;
const excerptBytes = 1_024;

export interface Ownership {
  readonly partition: number;
  readonly epoch: number;
}

interface SavedRow {
  readonly id: string;
  readonly next_seq: number | null;
  readonly cursor_state: 'parked' | 'disabled' | null;
  readonly cursor_ms: number | null;
  readonly cursor_reason: string | null;
  readonly started_version: number | null;
  readonly delivered_through: number | null;
  readonly state: 'healthy' | 'retrying' | 'failing' | 'disabled' | null;
  readonly reason: string | null;
  readonly words: string | null;
  readonly since_ms: number | null;
  readonly failing_ms: number | null;
  readonly success_ms: number | null;
}

const claimSql = `
insert into delivery.partition_owner as owner ("group", partition, epoch, instance) values ($1, $2, 1, $3)
on conflict ("group", partition) do update set epoch = owner.epoch + 1, instance = excluded.instance
returning epoch`;

const savedSql = `
select d.id, c.next_seq, c.state as cursor_state, c.reason as cursor_reason, (extract(epoch from c.since) * 1000)::bigint as cursor_ms, s.started_version, s.delivered_through, s.state, s.reason, s.words,
  (extract(epoch from s.since) * 1000)::bigint as since_ms, (extract(epoch from s.failing_since) * 1000)::bigint as failing_ms,
  (extract(epoch from s.last_success_at) * 1000)::bigint as success_ms
from unnest($1::uuid[]) as d (id)
left join delivery.cursor c on c.destination_id = d.id
left join delivery.status s on s.destination_id = d.id`;

const owner = `owner as (select 1 from delivery.partition_owner where "group" = $1 and partition = $2 and epoch = $3 for share)`;

const upsertCursor = `
changed as (
  insert into delivery.cursor as cursor (destination_id, tenant_id, next_seq, state, reason) select $4::uuid, $5::text, $6::bigint, $7::text, $8::text from owner
  on conflict (destination_id) do update set next_seq = excluded.next_seq, state = excluded.state, reason = excluded.reason,
    since = case when cursor.state = excluded.state then cursor.since else now() end, updated_at = now())`;

const deleteCursor = `gone as (delete from delivery.cursor using owner where destination_id = $4::uuid)`;

const recordStart = `
started as (
  insert into delivery.status as status (destination_id, tenant_id, started_version, delivered_through) select $4::uuid, $5::text, $9::bigint, $6::bigint - 1 from owner
  on conflict (destination_id) do update set started_version = excluded.started_version, delivered_through = excluded.delivered_through,
    updated_at = now())`;

const insertLetters = (at: number): string => `
letters as (
  insert into delivery.dead_letter (destination_id, tenant_id, seq, event_id, reason, code, words, excerpt)
  select $4::uuid, $5::text, l.seq, l.event_id, l.reason, l.code, l.words, l.excerpt
  from owner, jsonb_to_recordset($${at}::jsonb) as l (seq bigint, event_id text, reason text, code text, words text, excerpt text)
  on conflict (destination_id, seq) do update set reason = excluded.reason, code = excluded.code, words = excluded.words, at = now())`;

const insertGaps = (at: number): string => `
gaps as (
  insert into delivery.gap as gap (destination_id, tenant_id, from_seq, to_seq, reason)
  select $4::uuid, $5::text, g.from_seq, g.to_seq, 'retention' from owner, jsonb_to_recordset($${at}::jsonb) as g (from_seq bigint, to_seq bigint)
  on conflict (destination_id, from_seq) do update set to_seq = greatest(gap.to_seq, excluded.to_seq), at = now())`;

const statusSql = `
with owner as (
  select o.partition from delivery.partition_owner o join unnest($2::int[], $3::bigint[]) as mine (partition, epoch)
    on o.partition = mine.partition and o.epoch = mine.epoch where o."group" = $1 for share of o)
insert into delivery.status as status
  (destination_id, tenant_id, started_version, delivered_through, state, reason, words, since, failing_since,
   last_success_at, oldest_unsent_at, attempts)
select r.id, r.tenant, r.started, r.through, r.state, r.reason, r.words, to_timestamp(r.since / 1000.0), to_timestamp(r.failing / 1000.0),
  to_timestamp(r.success / 1000.0), to_timestamp(r.oldest / 1000.0), r.attempts
from jsonb_to_recordset($4::jsonb) as r (id uuid, partition int, tenant text, started bigint, through bigint, state text, reason text, words text,
  since float8, failing float8, success float8, oldest float8, attempts jsonb)
join owner using (partition)
join settings.destinations d on d.id = r.id
on conflict (destination_id) do update set
  -- A start recorded while these rows were on their way is newer than what they say.
  started_version = greatest(status.started_version, excluded.started_version),
  delivered_through = case when excluded.started_version < status.started_version then status.delivered_through else excluded.delivered_through end,
  state = excluded.state, reason = excluded.reason, words = excluded.words, since = excluded.since,
  failing_since = excluded.failing_since, last_success_at = coalesce(excluded.last_success_at, status.last_success_at), oldest_unsent_at = excluded.oldest_unsent_at, updated_at = now(),
  attempts = coalesce((select jsonb_agg(a.item order by a.place) from
    (select item, place from jsonb_array_elements(excluded.attempts || status.attempts) with ordinality as e (item, place) order by place limit 100) a), '[]')`;

const seenSql = `
insert into delivery.replica ("group", instance, settings_version, seen_at) values ($1, $2, $3, now())
on conflict ("group", instance) do update set settings_version = excluded.settings_version, seen_at = now()`;

export class DeliveryStore {
  constructor(
    private readonly pool: Pool,
    private readonly group: string,
    private readonly instance: string,
  ) {}

  /** Shuts out whoever held the partition before. */
  async claim(partition: number): Promise<number> {
    const { rows } = await this.pool.query<{ epoch: number }>(claimSql, [this.group, partition, this.instance]);
    const epoch = rows[0]?.epoch;
    if (epoch === undefined) throw new Error(`the claim of partition ${partition} returned no epoch`);
    return epoch;
  }

  async positions(destinations: readonly string[]): Promise<SavedPosition[]> {
    const { rows } = await this.pool.query<SavedRow>(savedSql, [destinations]);
    return rows.map(savedPosition);
  }

  /** False: refused, another instance owns the partition now. */
  async write({ partition, epoch }: Ownership, destination: string, tenant: string, write: Write): Promise<boolean> {
    const { cursor, startedVersion, deadLetters, gaps } = write;
    const parts: string[] = [];
    const values: unknown[] = [this.group, partition, epoch, destination, tenant];
    if (cursor === 'delete') parts.push(deleteCursor);
    else if (cursor) {
      parts.push(upsertCursor);
      values.push(cursor.nextSeq, cursor.state, cursor.reason);
      if (startedVersion !== undefined) {
        parts.push(recordStart);
        values.push(startedVersion);
      }
    }
    if (deadLetters.length > 0) {
      values.push(JSON.stringify(deadLetters.map(letterOf)));
      parts.push(insertLetters(values.length));
    }
    if (gaps.length > 0) {
      values.push(JSON.stringify(gaps.map(({ fromSeq, toSeq }) => ({ from_seq: fromSeq, to_seq: toSeq }))));
      parts.push(insertGaps(values.length));
    }
    const text = `with ${[owner, ...parts].join(',')} select $4::uuid, $5::text, (select count(*) from owner) as owners`;
    try {
      const { rows } = await this.pool.query<{ owners: number }>(text, values);
      return rows[0]?.owners === 1;
    } catch (error) {
      // The destination was deleted, and all its rows with it: what was to be written is of no interest any more.
      if (isForeignKeyViolation(error)) return true;
      throw error;
    }
  }

  /** One statement for all partitions of this process; rows of partitions that are not ours any more are left out. */
  async saveStatus(rows: readonly { readonly ownership: Ownership; readonly row: StatusRow }[]): Promise<void> {
    if (rows.length === 0) return;
    const owned = new Map(rows.map(({ ownership }) => [ownership.partition, ownership.epoch]));
    const records = rows.map(({ ownership, row }) => ({
      id: row.destination,
      partition: ownership.partition,
      tenant: row.tenant,
      started: row.startedVersion,
      through: row.deliveredThrough,
      state: row.state,
      reason: row.reason,
      words: row.words.slice(0, wordsCap),
      since: row.since,
      failing: row.failingSince ?? null,
      success: row.lastSuccessAt ?? null,
      oldest: row.oldestUnsentAt ?? null,
      attempts: row.attempts,
    }));
    await this.pool.query(statusSql, [this.group, [...owned.keys()], [...owned.values()], JSON.stringify(records)]);
  }

  /** Tells that this process works by this version of the settings. */
  async seen(settingsVersion: number): Promise<void> {
    await this.pool.query(seenSql, [this.group, this.instance, settingsVersion]);
  }

  async leave(): Promise<void> {
    await this.pool.query(`delete from delivery.replica where "group" = $1 and instance = $2`, [
      this.group,
      this.instance,
    ]);
  }
}

export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === '23503';
}

function savedPosition(row: SavedRow): SavedPosition {
  const { next_seq: nextSeq, cursor_state: state, cursor_ms: since } = row;
  return {
    destination: row.id,
    ...(nextSeq !== null && state !== null
      ? { cursor: { nextSeq, state, since: since ?? 0, reason: row.cursor_reason ?? '' } }
      : {}),
    startedVersion: row.started_version ?? 0,
    deliveredThrough: row.delivered_through ?? 0,
    ...(row.state !== null && row.since_ms !== null
      ? {
          health: {
            state: row.state,
            reason: row.reason ?? '',
            words: row.words ?? '',
            since: row.since_ms,
            failingSince: row.failing_ms ?? undefined,
            lastSuccessAt: row.success_ms ?? undefined,
          },
        }
      : {}),
  };
}

export function letterOf({ event, refusal }: Write['deadLetters'][number]): Record<string, unknown> {
  return {
    seq: event.seq,
    event_id: event.headers.id,
    reason: refusal.reason,
    code: refusal.code,
    words: refusal.words.slice(0, wordsCap),
    // Cut on a character: half of one would not be text.
    excerpt: event.canonical
      .subarray(0, excerptBytes)
      .toString('utf8')
      .replace(/\uFFFD$/, ''),
  };
}
