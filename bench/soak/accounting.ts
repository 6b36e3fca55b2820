// The end of a soak: what was acknowledged, stored, quarantined, delivered, dead-lettered, and whether it adds up to the unit.
import { namesWith, type GroupRole, type TopicRole } from '@auditlane/contracts';
import type { Stage } from '../lib/stage';
import { topicOf } from '../lib/stage';
import type { Receipts } from './receipts';
import type { Ledger } from './traffic';

export interface Account {
  readonly stored: number;
  readonly duplicate: number;
  readonly quarantined: number;
  readonly deadLetters: number;
  readonly gaps: number;
  readonly lost: number;
  /** Of events that the receiver had answered, and of those that it took without an answer. */
  readonly repeats: number;
  readonly unansweredRepeats: number;
  /** One sentence for each thing that does not add up. */
  readonly faults: readonly string[];
}

const commits: readonly { readonly topic: TopicRole; readonly group: GroupRole }[] = [
  { topic: 'events', group: 'ingestion' },
  { topic: 'accepted', group: 'persistence' },
  { topic: 'rejected', group: 'quarantine' },
  { topic: 'stored', group: 'forwarder-splunk' },
  { topic: 'stored', group: 'forwarder-http' },
];

/** What is still on its way, in words; nothing where all is settled. */
export async function pending(stage: Stage, prefix: string): Promise<string | undefined> {
  const names = namesWith(prefix);
  for (const { topic, group } of commits) {
    const ends = await stage.admin.fetchTopicOffsets(names.topic(topic));
    const [answer] = await stage.admin.fetchOffsets({ groupId: names.group(group), topics: [names.topic(topic)] });
    const reached = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    for (const { partition, low, high } of ends)
      if (low !== high && (reached.get(partition) ?? -1) < Number(high))
        return `${group} is at ${reached.get(partition)} of ${high} in partition ${partition}`;
  }
  const { rows } = await stage.pool.query<{ count: number }>('select count(*)::int as count from delivery.cursor');
  return rows[0]?.count === 0 ? undefined : `${rows[0]?.count} destinations are not live`;
}

interface Totals {
  readonly consumed: number;
  readonly stored: number;
  readonly duplicate: number;
  readonly quarantined: number;
}

export async function account(
  stage: Stage,
  prefix: string,
  ledger: Ledger,
  receipts: readonly ReceiptsOf[],
): Promise<Account> {
  const faults: string[] = [];
  const totals = await one<Totals>(
    stage,
    `select sum(next_offset)::float8 as consumed, sum(stored)::float8 as stored, sum(duplicate)::float8 as duplicate, sum(quarantined)::float8 as quarantined
     from audit.partition_state`,
  );
  const { consumed, stored, duplicate, quarantined } = totals;
  const accepted = await stage.count(topicOf(prefix, 'accepted'));
  if (consumed !== accepted) faults.push(`${accepted} records were accepted, ${consumed} consumed`);
  if (consumed !== stored + duplicate + quarantined)
    faults.push(`${consumed} consumed is not ${stored} stored + ${duplicate} duplicate + ${quarantined} quarantined`);

  const { rows: ids } = await stage.pool.query<{ id: string }>('select event_id as id from audit.events');
  const storedIds = new Set(ids.map(({ id }) => id));
  const unstored = [...ledger.good].filter((id) => !storedIds.has(id)).length;
  if (unstored > 0) faults.push(`${unstored} acknowledged events are not stored`);
  if (storedIds.size !== ids.length) faults.push(`${ids.length - storedIds.size} events are stored twice`);
  if (ledger.unacknowledged > 0) faults.push(`${ledger.unacknowledged} publishes were given up`);
  const quarantine = await quarantineOf(stage);
  let unquarantined = 0;
  for (const [reason, refused] of Object.entries(ledger.refused)) {
    const kept = quarantine.get(reason) ?? 0;
    unquarantined += Math.max(0, refused - kept);
    if (kept < refused) faults.push(`${refused} events had to be refused as ${reason}, ${kept} were`);
  }

  const tally = await one<{ kept: number }>(
    stage,
    "select coalesce(sum(kept), 0)::float8 as kept from audit.quarantine_tally where tenant_id <> '*'",
  );
  if (tally.kept !== total(quarantine)) faults.push(`${total(quarantine)} rows in quarantine, ${tally.kept} counted`);

  const heads = await stage.pool.query<{ tenant: string; head: number; rows: number; first: number; last: number }>(
    `select h.tenant_id as tenant, h.next_seq::float8 - 1 as head, count(*)::float8 as rows, min(e.seq)::float8 as first, max(e.seq)::float8 as last
     from audit.tenant_head h join audit.events e using (tenant_id) group by h.tenant_id, h.next_seq`,
  );
  for (const { tenant, head, rows, first, last } of heads.rows)
    if (first !== 1 || last !== head || rows !== head)
      faults.push(`${tenant} has ${rows} rows, ${first} to ${last}, and the head ${head}`);

  const delivery = await deliveryOf(stage, receipts, new Map(heads.rows.map(({ tenant, head }) => [tenant, head])));
  return {
    stored,
    duplicate,
    quarantined: total(quarantine),
    ...delivery,
    lost: unstored + unquarantined + delivery.lost,
    faults: [...faults, ...delivery.faults],
  };
}

async function quarantineOf({ pool }: Stage): Promise<ReadonlyMap<string, number>> {
  const { rows } = await pool.query<{ reason: string; count: number }>(
    'select reason, count(*)::float8 as count from audit.quarantine group by reason',
  );
  return new Map(rows.map(({ reason, count }) => [reason, count]));
}

const total = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

/** The destinations of some tenants, by their ids, that one receiver stands behind. */
export interface ReceiptsOf {
  readonly name: string;
  readonly receipts: Receipts;
  readonly destinations: ReadonlyMap<string, string>;
}

async function deliveryOf(
  { pool }: Stage,
  all: readonly ReceiptsOf[],
  heads: ReadonlyMap<string, number>,
): Promise<Pick<Account, 'deadLetters' | 'gaps' | 'lost' | 'repeats' | 'unansweredRepeats' | 'faults'>> {
  const letters = await pool.query<{ id: string; seq: number }>(
    'select destination_id as id, seq::float8 as seq from delivery.dead_letter',
  );
  const gaps = await pool.query<{ id: string; from: number; to: number }>(
    'select destination_id as id, from_seq::float8 as "from", to_seq::float8 as "to" from delivery.gap',
  );
  const faults: string[] = [];
  let lost = 0;
  let repeats = 0;
  let unansweredRepeats = 0;
  for (const { name, receipts, destinations } of all) {
    repeats += receipts.repeats;
    unansweredRepeats += receipts.unansweredRepeats;
    if (receipts.disordered > 0) faults.push(`${name}: ${receipts.disordered} events came out of order`);
    for (const [tenant, id] of destinations) {
      const head = heads.get(tenant) ?? 0;
      const excused = (seq: number): boolean =>
        letters.rows.some((letter) => letter.id === id && letter.seq === seq) ||
        gaps.rows.some((gap) => gap.id === id && gap.from <= seq && seq <= gap.to);
      const missing = receipts.missing(tenant, head).filter((seq) => !excused(seq));
      lost += missing.length;
      if (missing.length > 0)
        faults.push(`${name}: ${missing.length} of ${tenant}'s ${head} events are missing, the first is ${missing[0]}`);
      const beyond = receipts.beyond(tenant, head);
      if (beyond > 0) faults.push(`${name}: ${beyond} events of ${tenant} were delivered and not stored`);
    }
  }
  return { deadLetters: letters.rows.length, gaps: gaps.rows.length, lost, repeats, unansweredRepeats, faults };
}

async function one<T extends object>({ pool }: Stage, sql: string): Promise<T> {
  const { rows } = await pool.query<T>(sql);
  const [row] = rows;
  if (!row) throw new Error(`no row from: ${sql}`);
  return row;
}
