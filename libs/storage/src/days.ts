// Daily partitions, from the outside: making them ahead, and dropping the one that retention has passed.
import type { ClientBase, Pool } from 'pg';

type Queryable = Pick<Pool, 'query'> | Pick<ClientBase, 'query'>;

/** A day as PostgreSQL writes it: 2026-11-23. */
export type Day = string;

export function dayOf(instant: number): Day {
  return new Date(instant).toISOString().slice(0, 10);
}

/** Makes the partitions of today … today + `ahead` by the database's clock; returns the last of them. */
export async function makeDays(database: Queryable, ahead: number): Promise<Day> {
  const { rows } = await database.query<{ day: string; made: boolean }>(
    `select day::text, audit.make_day(day) as made from (
       select audit.database_day() + n as day from generate_series(0, $1::int) n order by n) days`,
    [ahead],
  );
  return rows.at(-1)?.day ?? '';
}

export async function makeDay(database: Queryable, day: Day): Promise<void> {
  await database.query('select audit.make_day($1::date)', [day]);
}

/** Drops one day; the database refuses what is too young by either clock. True where there was something to drop. */
export async function dropDay(database: Queryable, day: Day, callerNow: Date): Promise<boolean> {
  const { rows } = await database.query<{ dropped: boolean }>(
    'select audit.drop_day($1::date, $2::timestamptz) as dropped',
    [day, callerNow.toISOString()],
  );
  return rows[0]?.dropped === true;
}

/** The days that have partitions, oldest first. */
export async function knownDays(database: Queryable): Promise<readonly Day[]> {
  const { rows } = await database.query<{ day: string }>(
    `select to_char(to_date(right(c.relname, 8), 'YYYYMMDD'), 'YYYY-MM-DD') as day
     from pg_inherits i join pg_class c on c.oid = i.inhrelid
     where i.inhparent = 'audit.events'::regclass order by 1`,
  );
  return rows.map((row) => row.day);
}
