// The claim of a partition: raising its epoch shuts out whoever held it before, and tells where to go on.
import type { Pool, PoolClient } from 'pg';
import { inTransaction } from '@auditlane/storage';
import type { Attempt, Ledger } from './domain/crash-ledger';
import { chainStart } from './domain/stored-chain';

export interface ClaimedState {
  readonly epoch: number;
  readonly nextOffset: number;
  readonly publishedOffset: number;
  /** The stored event before the first one that this claim publishes: −1 where there is none, undefined where it is not known. */
  readonly storedBefore: number | undefined;
  /** False for a partition that was never claimed before. */
  readonly known: boolean;
  readonly ledger: Ledger | undefined;
}

interface StateRow {
  readonly epoch: number;
  readonly next_offset: number;
  readonly published_offset: number;
  readonly stored_before: number | null;
}

interface AttemptRow {
  readonly claimed_next_offset: number;
  readonly from_offset: number | null;
  readonly to_offset: number | null;
  readonly tries: number;
}

export class ClaimStore {
  constructor(private readonly pool: Pool) {}

  /** `firstOffset` is the log's start: there a partition begins that nobody claimed before. */
  async claim(partition: number, firstOffset: number): Promise<ClaimedState> {
    return inTransaction(this.pool, async (client) => {
      await client.query(
        `insert into audit.partition_state (partition, next_offset, published_offset) values ($1, $2, $2) on conflict do nothing`,
        [partition, firstOffset],
      );
      const { rows } = await client.query<StateRow>(
        `update audit.partition_state set epoch = epoch + 1 where partition = $1
         returning epoch, next_offset, published_offset, stored_before`,
        [partition],
      );
      const state = rows[0];
      if (!state) throw new Error(`partition ${partition} has no state row`);
      const ledger = await exchangeLedger(client, partition, state.next_offset);
      const { next_offset: nextOffset, published_offset: publishedOffset } = state;
      const storedBefore = state.stored_before ?? undefined;
      return {
        epoch: state.epoch,
        nextOffset,
        publishedOffset,
        storedBefore: chainStart({ nextOffset, publishedOffset, storedBefore }, firstOffset),
        known: state.epoch > 1,
        ledger,
      };
    });
  }

  /** Written by itself, before the attempt: a process that dies leaves it behind. */
  async note(partition: number, attempt: Attempt): Promise<void> {
    await this.pool.query(
      'update audit.attempt set from_offset = $2, to_offset = $3, tries = $4 where partition = $1',
      [partition, attempt.from, attempt.to, attempt.tries],
    );
  }

  /** The attempt ended without a result, but in order: no crash. */
  async forget(partition: number): Promise<void> {
    await this.pool.query(
      'update audit.attempt set from_offset = null, to_offset = null, tries = 0 where partition = $1',
      [partition],
    );
  }
}

/** Returns what the claim before this one left, and records where this one begins. */
async function exchangeLedger(client: PoolClient, partition: number, nextOffset: number): Promise<Ledger | undefined> {
  const { rows } = await client.query<AttemptRow>(
    'select claimed_next_offset, from_offset, to_offset, tries from audit.attempt where partition = $1',
    [partition],
  );
  const row = rows[0];
  await client.query(
    `insert into audit.attempt (partition, claimed_next_offset) values ($1, $2)
     on conflict (partition) do update set claimed_next_offset = excluded.claimed_next_offset`,
    [partition, nextOffset],
  );
  if (!row) return undefined;
  const { from_offset: from, to_offset: to, tries } = row;
  return {
    claimedNextOffset: row.claimed_next_offset,
    attempt: from === null || to === null ? undefined : { from, to, tries },
  };
}
