// What the dead-letter resources take and give.
import { poisonReasons } from '@auditlane/contracts';
import { z } from 'zod';
import { pageQuery } from '../replays/replays.schema';

export const deadLettersQuerySchema = z.strictObject({
  reason: z.enum(poisonReasons).optional().meta({ description: 'Only those that were refused for this reason' }),
  ...pageQuery,
});
export type DeadLettersQuery = z.output<typeof deadLettersQuerySchema>;

export const letterSeqSchema = z
  .string()
  .regex(/^[1-9]\d{0,14}$/, 'must be a seq')
  .transform(Number)
  .meta({ description: 'The seq of the event', openapi: { type: 'integer', minimum: 1 } });

const letter = {
  seq: z.int(),
  eventId: z.string(),
  reason: z.enum(poisonReasons).or(z.string()).meta({ description: 'Reason code; see the runbook' }),
  code: z.string().meta({ description: "The receiver's own code" }),
  words: z.string().meta({ description: "The receiver's words, cleaned and cut; a stranger's text, to be escaped" }),
  excerpt: z.string().meta({ description: 'The beginning of the event, kept after retention has removed it' }),
  at: z.string().meta({ format: 'date-time', description: 'When it was last refused' }),
  resends: z.int().meta({ description: 'How often it was sent again and refused again' }),
  stored: z.boolean().meta({ description: 'Whether the event is still stored; only then it can be sent again' }),
  resending: z.boolean().meta({ description: 'Whether an open replay is going to send it again' }),
};

export const deadLetterSchema = z.object(letter).meta({ id: 'DeadLetter' });
export type DeadLetter = z.output<typeof deadLetterSchema>;

export const deadLetterListSchema = z
  .object({
    items: z.array(deadLetterSchema).meta({ description: 'Highest seq first' }),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'DeadLetterList' });

export const deadLetterDetailSchema = z
  .object({
    ...letter,
    request: z
      .object({
        method: z.string(),
        url: z.string(),
        headers: z.record(z.string(), z.string()).meta({ description: 'The token is left out' }),
        body: z.string(),
        bodyCut: z.boolean().meta({ description: 'Whether the body goes on' }),
        gzip: z.boolean().meta({ description: 'Whether the body is compressed on its way' }),
      })
      .nullable()
      .meta({
        description:
          'The event as it would be sent today, alone, under the settings of today; null where it is not stored any more, or they are not valid',
      }),
  })
  .meta({ id: 'DeadLetterDetail' });
export type DeadLetterDetail = z.output<typeof deadLetterDetailSchema>;
