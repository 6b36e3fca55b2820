// Finds the place of a time in a tenant's sequence. Events stand in the order in which they were stored, which is nearly that in which they
// were received: the nearest place is found by halving, then its neighbourhood is looked through.
import type { PoolClient } from 'pg';

/** So many places an event may have been overtaken by others and still be found. */
const neighbourhood = 20_000;

export interface Stored {
  /** The first seq that is still stored, and the last one; the first is past the last where nothing is. */
  readonly oldest: number;
  readonly head: number;
}

/** The first event received at `at` or later; `head` + 1 where there is none. */
export async function firstReceivedFrom(
  client: PoolClient,
  tenant: string,
  at: number,
  stored: Stored,
): Promise<number> {
  const near = await crossing(client, tenant, at, stored);
  const { rows } = await client.query<{ seq: number | null }>(
    `select min(seq) as seq from audit.events
     where tenant_id = $1 and seq between $2 and $3 and received_at >= to_timestamp($4::bigint / 1000.0)`,
    [tenant, near - neighbourhood, near, at],
  );
  return rows[0]?.seq ?? near;
}

/** The last event received at `at` or earlier; `oldest` − 1 where there is none. */
export async function lastReceivedBy(client: PoolClient, tenant: string, at: number, stored: Stored): Promise<number> {
  const near = await crossing(client, tenant, at + 1, stored);
  const { rows } = await client.query<{ seq: number | null }>(
    `select max(seq) as seq from audit.events
     where tenant_id = $1 and seq between $2 and $3 and received_at <= to_timestamp($4::bigint / 1000.0)`,
    [tenant, near - 1, near + neighbourhood, at],
  );
  return rows[0]?.seq ?? near - 1;
}

/** A place before which an event is younger than `at`, and at which one is not. */
async function crossing(client: PoolClient, tenant: string, at: number, { oldest, head }: Stored): Promise<number> {
  let low = oldest;
  let high = head + 1;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const { rows } = await client.query<{ isLater: boolean }>(
      `select received_at >= to_timestamp($3::bigint / 1000.0) as "isLater" from audit.events where tenant_id = $1 and seq = $2`,
      [tenant, middle, at],
    );
    if (rows[0]?.isLater ?? false) high = middle;
    else low = middle + 1;
  }
  return low;
}

export async function storedOf(client: PoolClient, tenant: string): Promise<Stored> {
  const { rows } = await client.query<Stored>(
    `select coalesce((select next_seq from audit.tenant_head where tenant_id = $1), 1) - 1 as head,
       coalesce((select seq from audit.events where tenant_id = $1 order by tenant_id, seq limit 1),
         (select next_seq from audit.tenant_head where tenant_id = $1), 1) as oldest`,
    [tenant],
  );
  return rows[0] ?? { oldest: 1, head: 0 };
}
