// What is shown of a request to a receiver, and how it stands in the status row.
import { z } from 'zod';

export const attemptSchema = z
  .object({
    at: z.string().meta({ format: 'date-time', description: 'When the request began' }),
    latencyMs: z.int(),
    events: z.int(),
    fromSeq: z.int(),
    toSeq: z.int(),
    bytes: z.int().meta({ description: 'Of the body before compression; 0 where nothing was sent' }),
    status: z.int().nullable().meta({ description: 'The HTTP status; null where no answer came' }),
    result: z.string().meta({ description: '`delivered`, `split`, `aborted` or a reason code; see the runbook' }),
    code: z.string().meta({ description: "The receiver's or the network's own code" }),
    words: z.string().meta({ description: "The receiver's words, cleaned and cut; a stranger's text, to be escaped" }),
  })
  .meta({ id: 'Attempt' });
export type Attempt = z.infer<typeof attemptSchema>;

export const attemptListSchema = z
  .object({
    items: z.array(attemptSchema),
    nextCursor: z.null(),
    asOf: z
      .string()
      .nullable()
      .meta({ format: 'date-time', description: 'When the forwarder last reported; younger attempts are not in it' }),
  })
  .meta({ id: 'AttemptList' });

const number = z.number().default(0);
const text = z.string().default('');

/** Written by another process, maybe of another version: what is missing is empty. */
export const writtenAttemptsSchema = z.array(
  z
    .object({
      at: number,
      ms: number,
      events: number,
      fromSeq: number,
      toSeq: number,
      bytes: number,
      status: number,
      result: text,
      code: text,
      words: text,
    })
    .transform(({ at, ms, status, ...rest }): Attempt => ({
      at: new Date(at).toISOString(),
      latencyMs: Math.round(ms),
      status: status === 0 ? null : status,
      ...rest,
    })),
);
