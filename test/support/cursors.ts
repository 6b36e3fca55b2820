// What the forwarders write down: cursors of what is not live, and commits of what is settled.
import { partitionOf, type GroupRole } from '@auditlane/contracts';
import { eventually, testPartitions } from '@auditlane/testing';
import type { Destination } from './destinations';
import { committedOf, endsOf, withAdmin, type Position } from './groups';
import type { Line } from './line';

export interface Cursor {
  readonly nextSeq: number;
  readonly state: string;
  readonly reason: string;
}

/** The row that a destination has only while it is not live. */
export async function cursorOf({ db }: Line, { id }: Destination): Promise<Cursor | undefined> {
  const { rows } = await db.pool.query<Cursor>(
    'select next_seq::float8 as "nextSeq", state, reason from delivery.cursor where destination_id = $1',
    [id],
  );
  return rows[0];
}

export async function untilParked(line: Line, destination: Destination): Promise<Cursor> {
  return eventually(async () => cursorOf(line, destination), { timeoutMs: 20_000 });
}

/** A live destination has no cursor. */
export async function untilLive(line: Line, destination: Destination): Promise<void> {
  await eventually(
    async () => {
      expect(await cursorOf(line, destination)).toBeUndefined();
      return true;
    },
    { timeoutMs: 30_000 },
  );
}

/** Waits until Kafka holds nothing back: the group has committed all that `stored` has, and so relies on cursors alone. */
export async function untilAllCommitted(line: Line, group: GroupRole): Promise<void> {
  await withAdmin(async (admin) =>
    eventually(
      async () => {
        const ends = await endsOf(admin, line, 'stored');
        const committed = await committedOf(admin, line, group, 'stored');
        const used = (positions: readonly Position[]) => positions.filter(({ offset }) => offset > 0);
        expect(used(committed)).toEqual(used(ends));
        return true;
      },
      { timeoutMs: 30_000, everyMs: 100 },
    ),
  );
}

/** The tenant's last seq that need not be sent again: by the destination's cursor, or where it has none by the group's commit. */
export async function settledThrough(
  line: Line,
  group: GroupRole,
  tenant: string,
  destination: Destination,
): Promise<number> {
  const cursor = await cursorOf(line, destination);
  if (cursor) return cursor.nextSeq - 1;
  const metadata = await withAdmin(async (admin) => {
    const topic = line.names.topic('stored');
    const [answer] = await admin.fetchOffsets({ groupId: line.names.group(group), topics: [topic] });
    return answer?.partitions.find(({ partition }) => partition === partitionOf(tenant, testPartitions))?.metadata;
  });
  const { rows } = await line.db.pool.query<{ seq: number | null }>(
    'select max(seq)::float8 as seq from audit.events where tenant_id = $1 and accepted_offset <= $2',
    [tenant, Number(metadata)],
  );
  return rows[0]?.seq ?? 0;
}

export interface CursorWrite {
  readonly destination: string;
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE';
  readonly nextSeq: number;
  readonly reason: string;
}

/** From here on every write of a cursor leaves a trace, whoever makes it and whatever comes after. */
export async function recordCursorWrites({ db }: Line): Promise<void> {
  await db.pool.query(`
    create table public.cursor_writes (place bigserial, destination uuid, operation text, next_seq bigint, reason text);
    create function public.record_cursor_write() returns trigger language plpgsql security definer as $$
      declare row delivery.cursor := coalesce(new, old);
      begin
        insert into public.cursor_writes (destination, operation, next_seq, reason) values (row.destination_id, tg_op, row.next_seq, row.reason);
        return null;
      end $$;
    create trigger record_cursor_write after insert or update or delete on delivery.cursor
      for each row execute function public.record_cursor_write();`);
}

export async function cursorWrites({ db }: Line, { id }: Destination): Promise<readonly CursorWrite[]> {
  const { rows } = await db.pool.query<CursorWrite>(
    'select destination, operation, next_seq::float8 as "nextSeq", reason from public.cursor_writes where destination = $1 order by place',
    [id],
  );
  return rows;
}
