// One transaction a batch (protocol.md, "Persistence", point 3) in six statements and three round trips: begin, state, heads, keys and
// clock; write; commit. The pool has to be a pipelining one.
import type { Pool, PoolClient } from 'pg';
import { boolArray, dateArray, int8Array, inTransaction, textArray, timestamptzArray } from '@auditlane/storage';
import { crashPoint } from '@auditlane/observability';
import { clocksAgree } from './domain/judge-clocks';
import {
  dedupeKey,
  type Fate,
  planBatch,
  type Plan,
  type StoredFate,
  type StoredKey,
  type TenantHead,
} from './domain/plan-batch';
import type { QuarantineCaps } from './domain/quarantine-caps';
import { keptDays, quarantineRow } from './domain/quarantine-row';
import type { Reading, WithHeaders } from './domain/read-record';
import { endOffset, recordCount } from './domain/source-record';
import { addHeads, findKeys, lockHeads, lockState, writeBatch } from './batch-sql';
import { writeQuarantine } from './quarantine-store';

export interface BatchToStore {
  readonly partition: number;
  readonly epoch: number;
  /** What the owner believes; the row's lock decides. */
  readonly nextOffset: number;
  /** The last stored event below `nextOffset`: −1 where there is none, undefined where it is not known. */
  readonly storedBefore: number | undefined;
  readonly readings: readonly Reading[];
  readonly newestRecord: number;
}

export type StoreResult =
  | { readonly kind: 'stored'; readonly fates: readonly Fate[]; readonly nextOffset: number; readonly overflow: number }
  /** Somebody else raised the epoch: nothing was written. */
  | { readonly kind: 'refused' }
  /** The epoch is ours, but the row is further on: an earlier commit succeeded although its answer was lost. */
  | { readonly kind: 'moved'; readonly nextOffset: number }
  | { readonly kind: 'clocks_disagree'; readonly database: number };

export interface BatchStoreOptions {
  readonly retentionDays: number;
  readonly caps: QuarantineCaps;
  readonly now: () => number;
}

export class BatchStore {
  constructor(
    private readonly pool: Pool,
    private readonly options: BatchStoreOptions,
  ) {}

  async store(batch: BatchToStore): Promise<StoreResult> {
    const result = await inTransaction(this.pool, async (client) => {
      const found = await look(client, batch);
      const { state } = found;
      if (state?.epoch !== batch.epoch) return { kind: 'refused' } as const;
      if (state.nextOffset !== batch.nextOffset) return { kind: 'moved', nextOffset: state.nextOffset } as const;
      const stored = await this.writeAll(client, batch, found);
      crashPoint('persistence.beforeCommit');
      return stored;
    });
    crashPoint('persistence.afterCommit');
    return result;
  }

  /** For records below next_offset: what the dedupe table knows of them. */
  async keysOf(readings: readonly WithHeaders[]): Promise<ReadonlyMap<string, StoredKey>> {
    const { keys } = await readKeys(this.pool, readings);
    return keys;
  }

  private async writeAll(client: PoolClient, batch: BatchToStore, found: Found): Promise<StoreResult> {
    const { heads, keys, now, today } = found;
    const clocks = { database: now, service: this.options.now(), newestRecord: batch.newestRecord };
    if (!clocksAgree(clocks)) return { kind: 'clocks_disagree', database: now };

    const plan = planBatch(batch.readings, { heads, keys, today });
    const days = keptDays(today, this.options.retentionDays);
    const bad = plan.fates
      .filter((fate) => fate.kind === 'quarantined')
      .map((fate) => quarantineRow(fate.record, fate.reason, fate.detail, days));
    const { overflow } = await writeQuarantine(client, bad, this.options.caps);
    const nextOffset = await write(client, batch, plan);
    return { kind: 'stored', fates: plan.fates, nextOffset, overflow };
  }
}

interface State {
  readonly epoch: number;
  readonly nextOffset: number;
}

interface Found extends KeysAndClock {
  readonly state: State | undefined;
  readonly heads: ReadonlyMap<string, TenantHead>;
}

/** The locks first, the state's before the heads'; then what they guard. */
async function look(client: PoolClient, batch: BatchToStore): Promise<Found> {
  const readable = batch.readings.filter((reading) => reading.kind === 'readable');
  const tenants = [...new Set(readable.map((reading) => reading.headers.tenant))];
  const [state, heads, keysAndClock] = await Promise.all([
    readState(client, batch.partition),
    readHeads(client, tenants),
    readKeys(client, readable),
  ]);
  if (heads.size === tenants.length) return { state, heads, ...keysAndClock };
  await client.query({ name: 'batch-new-heads', text: addHeads, values: [textArray(tenants)] });
  const [allHeads, anew] = await Promise.all([readHeads(client, tenants), readKeys(client, readable)]);
  return { state, heads: allHeads, ...anew };
}

async function readState(client: PoolClient, partition: number): Promise<State | undefined> {
  const { rows } = await client.query<{ epoch: number; next_offset: number }>({
    name: 'batch-state',
    text: lockState,
    values: [partition],
  });
  const row = rows[0];
  return row && { epoch: row.epoch, nextOffset: row.next_offset };
}

interface HeadRow {
  readonly tenant_id: string;
  readonly next_seq: number;
  readonly stored_day: string;
}

async function readHeads(client: PoolClient, tenants: readonly string[]): Promise<ReadonlyMap<string, TenantHead>> {
  const { rows } = await client.query<HeadRow>({ name: 'batch-heads', text: lockHeads, values: [textArray(tenants)] });
  return new Map(rows.map((row) => [row.tenant_id, { nextSeq: row.next_seq, storedDay: row.stored_day }]));
}

interface KeyRow {
  readonly now_ms: number;
  readonly today: string;
  readonly index: number | null;
  readonly seq: number;
  readonly content_hash: string;
  readonly accepted_offset: number;
}

interface KeysAndClock {
  readonly keys: ReadonlyMap<string, StoredKey>;
  readonly now: number;
  readonly today: string;
}

async function readKeys(
  client: Pick<Pool, 'query'> | PoolClient,
  readings: readonly WithHeaders[],
): Promise<KeysAndClock> {
  const { rows } = await client.query<KeyRow>({
    name: 'batch-keys',
    text: findKeys,
    values: [
      textArray(readings.map((reading) => reading.headers.tenant)),
      textArray(readings.map((reading) => reading.headers.id)),
    ],
  });
  const clock = rows[0];
  if (!clock) throw new Error('the database did not tell its time');
  const keys = new Map<string, StoredKey>();
  for (const row of rows) {
    const found = row.index === null ? undefined : readings[row.index - 1];
    if (!found) continue;
    keys.set(dedupeKey(found.headers.tenant, found.headers.id), {
      seq: row.seq,
      contentHash: row.content_hash,
      acceptedOffset: row.accepted_offset,
    });
  }
  return { keys, now: clock.now_ms, today: clock.today };
}

async function write(client: PoolClient, batch: BatchToStore, plan: Plan): Promise<number> {
  const first = batch.readings[0]?.record.offset ?? batch.nextOffset;
  const last = batch.readings.at(-1)?.record;
  const nextOffset = last ? endOffset(last) : batch.nextOffset;
  const count = (kind: Fate['kind']) =>
    plan.fates.reduce((sum, fate) => sum + (fate.kind === kind ? weight(fate) : 0), 0);
  // By tenant; within a tenant in order of seq. Other transactions cannot be between the keys of a tenant: its head is locked.
  const rows = plan.fates
    .filter((fate) => fate.kind === 'stored')
    .sort((a, b) => compare(a.reading.headers.tenant, b.reading.headers.tenant));
  const heads = [...plan.heads];
  await client.query({
    name: 'batch-write',
    text: writeBatch,
    values: [
      batch.partition,
      batch.epoch,
      nextOffset,
      first,
      count('stored'),
      count('duplicate'),
      count('quarantined'),
      textArray(heads.map(([tenant]) => tenant)),
      int8Array(heads.map(([, head]) => head.nextSeq)),
      dateArray(heads.map(([, head]) => head.storedDay)),
      ...eventColumns(rows),
      batch.storedBefore ?? null,
    ],
  });
  return nextOffset;
}

const weight = (fate: Fate): number => (fate.kind === 'quarantined' ? recordCount(fate.record) : 1);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function eventColumns(rows: readonly StoredFate[]): Buffer[] {
  return [
    textArray(rows.map((row) => row.reading.headers.tenant)),
    int8Array(rows.map((row) => row.seq)),
    textArray(rows.map((row) => row.reading.headers.id)),
    textArray(rows.map((row) => row.reading.headers.contentHash)),
    dateArray(rows.map((row) => row.storedDay)),
    timestamptzArray(rows.map((row) => row.reading.headers.receivedAt)),
    timestamptzArray(rows.map((row) => row.reading.headers.occurredAt)),
    textArray(rows.map((row) => row.reading.headers.area)),
    textArray(rows.map((row) => row.reading.headers.action)),
    textArray(rows.map((row) => row.reading.headers.category)),
    textArray(rows.map((row) => row.reading.headers.workspace)),
    textArray(rows.map((row) => row.reading.headers.actor)),
    boolArray(rows.map((row) => row.reading.headers.clockSkew)),
    textArray(rows.map((row) => row.reading.parameters)),
    textArray(rows.map((row) => row.reading.details)),
    textArray(rows.map((row) => row.reading.value)),
    int8Array(rows.map((row) => row.reading.record.offset)),
  ];
}
