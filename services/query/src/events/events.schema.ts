// What the event resources take and give: the one source of validation and of the OpenAPI document.
import { auditEventSchema, catalogue, catalogueEntry, categories, parseInstant } from '@auditlane/contracts';
import { z } from 'zod';

const instant = (description: string) =>
  z
    .string()
    .max(40)
    .transform((value, context) => {
      const parsed = parseInstant(value);
      if (parsed !== undefined) return parsed;
      context.addIssue({ code: 'custom', message: 'must be an instant like 2026-11-23T10:00:00Z, with its zone' });
      return z.NEVER;
    })
    .meta({ description, openapi: { type: 'string', format: 'date-time' } });

/** PostgreSQL cannot carry NUL in text, so nothing stored can match it. */
const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(/^[^\0]*$/, 'must not contain NUL');

export const maxLimit = 500;
const limit = z
  .string()
  .regex(/^[1-9]\d{0,2}$/, `must be a whole number from 1 to ${maxLimit}`)
  .transform(Number)
  .pipe(z.number().max(maxLimit, `must be at most ${maxLimit}`))
  .default(50)
  .meta({
    description: 'Most events a page holds',
    openapi: { type: 'integer', minimum: 1, maximum: maxLimit, default: 50 },
  });

export const eventsQuerySchema = z
  .strictObject({
    area: z
      .enum(catalogue.map((area) => area.key))
      .optional()
      .meta({ description: 'Key of an area of the catalogue' }),
    action: z
      .string()
      .max(128)
      .refine((key) => catalogueEntry(key) !== undefined, 'is not an action of the catalogue (GET /api/v1/catalogue)')
      .optional()
      .meta({ description: 'Key of an action, e.g. workflows.workflow_created' }),
    category: z.enum(categories).optional().meta({ description: 'Category of the action' }),
    workspace: text(256).optional().meta({ description: 'Name of the workspace, exactly' }),
    actor: text(320).optional().meta({ description: 'Who did it: the e-mail address, exactly' }),
    from: instant('Only events that occurred at this instant or later').optional(),
    to: instant('Only events that occurred before this instant').optional(),
    limit,
    cursor: z
      .string()
      .min(1)
      .max(512)
      .optional()
      .meta({ description: 'nextCursor of the page before, with the same filter' }),
  })
  .refine((query) => query.from === undefined || query.to === undefined || query.from < query.to, {
    path: ['from'],
    message: 'must be before to',
  });
export type EventsQuery = z.output<typeof eventsQuerySchema>;

export const eventIdSchema = text(128).meta({ description: 'The id of the event' });

export const eventItemSchema = z
  .object({
    ...auditEventSchema.shape,
    id: z.string().meta({ description: 'Unique in its tenant' }),
    area: z.string().meta({ description: 'Key of the area that the action belongs to' }),
    category: z.string().meta({ description: 'Category that the catalogue fixes for the action' }),
    receivedAt: z.string().meta({ description: 'When the event entered the topic', format: 'date-time' }),
    seq: z.int().meta({ description: "The tenant's sequence number: 1, 2, 3 … without gaps" }),
  })
  .meta({ id: 'Event', title: 'Stored event' });

export const eventPageSchema = z
  .object({
    items: z.array(eventItemSchema).meta({ description: 'Newest first by occurredAt, then by seq' }),
    nextCursor: z.string().nullable().meta({
      description: 'null on the last page. A page can hold fewer than `limit` events and still be followed by another.',
    }),
  })
  .meta({ id: 'EventPage' });
