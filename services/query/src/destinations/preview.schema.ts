// What the preview of a filter takes and gives.
import { z } from 'zod';
import { filterSchema, perType, urlSchema } from './destinations.schema';

export const previewDestinationSchema = perType('PreviewDestination', {
  url: urlSchema.optional().meta({ description: "The receiver's base URL; left out: one of no receiver" }),
  filter: filterSchema,
});

export interface PreviewBody {
  readonly type: z.infer<typeof previewDestinationSchema>['type'];
  readonly options: Readonly<Record<string, unknown>>;
  readonly url?: string | undefined;
  readonly filter?: string | null | undefined;
}

const instant = z.string().meta({ format: 'date-time' });

export const previewSchema = z
  .object({
    filter: z.string().nullable().meta({ description: 'The filter as it would be saved; null: every event' }),
    from: instant,
    to: instant,
    matched: z
      .int()
      .meta({ description: 'Events that the filter finds among those that occurred from `from` to `to`' }),
    total: z.int().meta({ description: 'Events that occurred from `from` to `to`' }),
    atLeast: z.boolean().meta({
      description: 'The counting had to stop before it reached `from`: both numbers are at least so high',
    }),
    actions: z
      .array(z.object({ action: z.string(), name: z.string(), matched: z.int(), total: z.int() }))
      .max(10)
      .meta({ description: 'The actions that the filter finds most of' }),
    sample: z.object({
      madeUp: z.boolean().meta({ description: 'No event was found: this one is made up to show the form' }),
      seq: z.int().nullable().meta({ description: 'The seq of the newest event found; null where it is made up' }),
      request: z.object({
        method: z.string(),
        url: z.string(),
        headers: z.record(z.string(), z.string()).meta({ description: 'Without the one that carries the token' }),
        body: z.string().meta({ description: 'Before compression; at most 64 Ki characters' }),
        bodyTruncated: z.boolean(),
        gzip: z.boolean().meta({ description: 'Whether the body is compressed on its way' }),
      }),
    }),
  })
  .meta({
    id: 'Preview',
    description: 'What a filter would have sent, and the newest of it as it would be sent. Nothing is sent or saved.',
  });
export type Preview = z.infer<typeof previewSchema>;
