// Events that a destination would not take, as the database holds them, and what the last requests to it came to.
import { z } from 'zod';
import { eventually } from '@auditlane/testing';
import type { Destination } from './destinations';
import type { Line } from './line';

export interface DeadLetter {
  readonly seq: number;
  readonly eventId: string;
  readonly reason: string;
  readonly code: string;
  readonly words: string;
}

/** By seq. */
export async function deadLettersOf({ db }: Line, { id }: Destination): Promise<readonly DeadLetter[]> {
  const { rows } = await db.pool.query<DeadLetter>(
    `select seq::float8 as seq, event_id as "eventId", reason, code, words from delivery.dead_letter where destination_id = $1 order by seq`,
    [id],
  );
  return rows;
}

export async function untilDeadLetters(
  line: Line,
  destination: Destination,
  seqs: readonly number[],
): Promise<readonly DeadLetter[]> {
  return eventually(
    async () => {
      const letters = await deadLettersOf(line, destination);
      expect(letters.map(({ seq }) => seq)).toEqual(seqs);
      return letters;
    },
    { timeoutMs: 30_000 },
  );
}

const attemptsSchema = z.array(z.looseObject({ result: z.string(), code: z.string(), events: z.number() }));

/** Newest first. */
export async function attemptsOf(
  { db }: Line,
  { id }: Destination,
): Promise<readonly { readonly result: string; readonly code: string; readonly events: number }[]> {
  const { rows } = await db.pool.query<{ attempts: unknown }>(
    'select attempts from delivery.status where destination_id = $1',
    [id],
  );
  return attemptsSchema.parse(rows[0]?.attempts ?? []);
}
