// What the replay resources take and give: the one source of validation and of the OpenAPI document.
import { parseInstant } from '@auditlane/contracts';
import { z } from 'zod';
import { replayStates } from './domain/replay-view';

export const mostChosenLetters = 1_000;

/** A seq, or the time at which events were received. */
const placeWords = 'must be a seq, or an instant like 2026-11-23T10:00:00Z, with its zone';
const place = (description: string) =>
  z
    .union([z.int().min(1), z.string().max(40)], { error: placeWords })
    .transform((value, context) => {
      if (typeof value === 'number') return { seq: value };
      const at = parseInstant(value);
      if (at !== undefined) return { at };
      context.addIssue({ code: 'custom', message: placeWords });
      return z.NEVER;
    })
    .meta({
      description,
      openapi: {
        anyOf: [
          { type: 'integer', minimum: 1 },
          { type: 'string', format: 'date-time' },
        ],
      },
    });

const range = {
  kind: z.literal('range'),
  from: place(
    'The first event: its seq, or a time. A time stands for the first event that was received then or later.',
  ),
  to: place(
    'The last event: its seq, or a time. A time stands for the last event that was received then or earlier; a seq past the last stored one for that one.',
  ),
};
const letters = {
  kind: z.literal('dead_letters'),
  seqs: z
    .union([z.literal('all'), z.array(z.int().min(1)).min(1).max(mostChosenLetters)], {
      error: `must be "all", or the seqs of 1 to ${mostChosenLetters} dead letters`,
    })
    .meta({ description: 'Which dead letters to send again: their seqs, or all' }),
};
const id = z.uuid().optional().meta({
  description: 'Made by the client: the same request sent again starts nothing, and answers with the replay of this id',
});

export const createReplaySchema = z.discriminatedUnion('kind', [
  z.strictObject({ id, ...range }).meta({ id: 'CreateRangeReplay' }),
  z.strictObject({ id, ...letters }).meta({ id: 'CreateDeadLetterReplay' }),
]);
export type CreateReplay = z.output<typeof createReplaySchema>;

export const estimateReplaySchema = z.discriminatedUnion('kind', [
  z.strictObject(range).meta({ id: 'EstimateRangeReplay' }),
  z.strictObject(letters).meta({ id: 'EstimateDeadLetterReplay' }),
]);
export type EstimateReplay = z.output<typeof estimateReplaySchema>;

export const wishSchema = z
  .strictObject({
    wish: z.enum(['run', 'pause', 'cancel']).meta({ description: 'In force within a second. `cancel` is final.' }),
  })
  .meta({ id: 'ReplayWish' });
export type WishBody = z.output<typeof wishSchema>;

export const replayIdSchema = z.uuid().meta({ description: 'The id of the replay' });

const missing = z
  .object({ fromSeq: z.int(), toSeq: z.int() })
  .nullable()
  .meta({ description: 'Retention has removed these events of the range; they will not be sent. null: none' });

export const replaySchema = z
  .object({
    id: z.uuid(),
    destinationId: z.uuid(),
    kind: z.enum(['range', 'dead_letters']),
    fromSeq: z.int(),
    toSeq: z.int(),
    wish: z.enum(['run', 'pause', 'cancel']),
    state: z.enum(replayStates).meta({
      description:
        '`queued`: another replay of the destination comes first, or no forwarder has taken it up; `waiting`: the receiver takes nothing at the moment, it is tried again; `paused` with the reason `disabled`: the destination is disabled',
    }),
    reason: z.string().nullable().meta({ description: 'Why it waits: a reason code; see the runbook' }),
    words: z.string().nullable().meta({ description: "The receiver's own words; a stranger's text, to be escaped" }),
    events: z.int().meta({ description: 'How many events it is about' }),
    nextSeq: z.int().meta({ description: 'Everything below is settled' }),
    delivered: z.int(),
    deadLettered: z.int().meta({ description: 'Refused by the receiver; they stand in the dead letters' }),
    unwanted: z.int().meta({
      description: "Not wanted by the destination's filter; of dead letters: delivered by another replay meanwhile",
    }),
    missing: z.int().meta({ description: 'Removed by retention before they could be sent' }),
    removed: missing,
    requestedBy: z.string().meta({ description: 'The subject of the token that asked for it' }),
    createdAt: z.string().meta({ format: 'date-time' }),
    updatedAt: z.string().nullable().meta({ format: 'date-time' }),
  })
  .meta({ id: 'Replay', description: 'At its end delivered + deadLettered + unwanted + missing = events.' });

export const replayListSchema = z
  .object({
    items: z.array(replaySchema).meta({ description: 'Newest first' }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'ReplayList' });

export const replayEstimateSchema = z
  .object({
    fromSeq: z.int(),
    toSeq: z.int(),
    events: z.int().meta({ description: 'Stored events that would be looked at, before the filter' }),
    missing,
    estimatedBytes: z.int().meta({ description: 'Of these events, by the size of some of them' }),
  })
  .meta({ id: 'ReplayEstimate' });

const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, 'must be a whole number from 1 to 200')
  .transform(Number)
  .pipe(z.number().max(200, 'must be at most 200'))
  .default(50)
  .meta({
    description: 'Most items a page holds',
    openapi: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
  });
const cursor = z.string().min(1).max(512).optional().meta({ description: 'nextCursor of the page before' });
export const pageQuery = { limit, cursor };

export const replaysQuerySchema = z.strictObject(pageQuery);
export type ReplaysQuery = z.output<typeof replaysQuerySchema>;

export const gapListSchema = z
  .object({
    items: z
      .array(
        z.object({
          fromSeq: z.int(),
          toSeq: z.int(),
          reason: z.string(),
          at: z.string().meta({ format: 'date-time' }),
        }),
      )
      .meta({ description: 'Newest first; at most 1000' }),
    nextCursor: z.null(),
  })
  .meta({ id: 'GapList', description: 'Events that retention removed before live delivery could send them.' });
export type GapList = z.output<typeof gapListSchema>;
