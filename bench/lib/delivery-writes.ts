// How many rows the forwarders have written so far, as PostgreSQL counts them: nobody else writes to these tables in a bench.
import { setTimeout as pause } from 'node:timers/promises';
import type { Pool } from 'pg';

export interface DeliveryWrites {
  readonly status: number;
  readonly cursor: number;
  /** Of all other tables of the schema. */
  readonly other: number;
}

/** A session tells its counts at most once a second, after a statement; ours look at the settings every second. */
const toldWithinMs = 2_500;

export async function deliveryWrites(pool: Pool): Promise<DeliveryWrites> {
  await pause(toldWithinMs);
  const { rows } = await pool.query<DeliveryWrites>(
    `select coalesce(sum(written) filter (where relname = 'status'), 0)::float8 as status,
       coalesce(sum(written) filter (where relname = 'cursor'), 0)::float8 as cursor,
       coalesce(sum(written) filter (where relname not in ('status', 'cursor')), 0)::float8 as other
     from (select relname, n_tup_ins + n_tup_upd + n_tup_del as written from pg_stat_user_tables where schemaname = 'delivery') as tables`,
  );
  return rows[0] ?? { status: 0, cursor: 0, other: 0 };
}
