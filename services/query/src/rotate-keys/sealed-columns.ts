// The sealed values of all tenants, as the rotation of keys sees them: what each is bound to, and a way to put another sealing in its place.
import type { Pool } from 'pg';

export interface SealedRow {
  readonly id: string;
  readonly tenant: string;
  readonly sealed: unknown;
}

export interface SealedColumn {
  readonly name: string;
  /** The next rows after `after` whose key is not `active`. */
  next(active: string, after: string | undefined, limit: number): Promise<readonly SealedRow[]>;
  /** False: somebody has written it in the meantime, or the row is gone. */
  replace(row: SealedRow, sealed: unknown): Promise<boolean>;
  /** How many values stand under each key. */
  keysInUse(): Promise<ReadonlyMap<string, number>>;
}

interface Place {
  readonly table: string;
  readonly column: string;
  readonly id: string;
  readonly idType: 'uuid' | 'text';
  /** Below every id. */
  readonly lowest: string;
}

function sealedColumn(pool: Pool, { table, column, id, idType, lowest }: Place): SealedColumn {
  return {
    name: `${table}.${column}`,
    async next(active, after, limit) {
      const { rows } = await pool.query<SealedRow>(
        `select ${id}::text as id, tenant_id as tenant, ${column} as sealed from ${table}
         where ${column} is not null and ${column} ->> 'kek' is distinct from $1 and ${id} > $2::${idType} order by ${id} limit $3`,
        [active, after ?? lowest, limit],
      );
      return rows;
    },
    async replace(row, sealed) {
      const { rowCount } = await pool.query(
        `update ${table} set ${column} = $3 where ${id} = $1::${idType} and ${column} = $2`,
        [row.id, JSON.stringify(row.sealed), JSON.stringify(sealed)],
      );
      return rowCount === 1;
    },
    async keysInUse() {
      const { rows } = await pool.query<{ kek: string | null; count: number }>(
        `select ${column} ->> 'kek' as kek, count(*)::int as count from ${table} where ${column} is not null group by 1`,
      );
      return new Map(rows.map(({ kek, count }) => [kek ?? '', count]));
    },
  };
}

/** Holds a session of its own: two rotations at once would each make a key. `undefined`: another one is under way. */
export async function lockRotation(pool: Pool): Promise<(() => void) | undefined> {
  const client = await pool.connect();
  const { rows } = await client.query<{ locked: boolean }>(
    `select pg_try_advisory_lock(hashtextextended('auditlane.rotate-keys', 0)) as locked`,
  );
  if (rows[0]?.locked) return () => client.release(true);
  client.release();
  return undefined;
}

export const destinationTokens = (pool: Pool): SealedColumn =>
  sealedColumn(pool, {
    table: 'settings.destinations',
    column: 'token',
    id: 'id',
    idType: 'uuid',
    lowest: '00000000-0000-0000-0000-000000000000',
  });

export const webhookSecrets = (pool: Pool): SealedColumn =>
  sealedColumn(pool, { table: 'settings.webhook', column: 'secret', id: 'tenant_id', idType: 'text', lowest: '' });
