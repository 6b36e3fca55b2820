// What the webhook resources take and give. The secret is given once, by the request that makes it.
import { z } from 'zod';

const instant = z.string().meta({ format: 'date-time' });

export const webhookBodySchema = z
  .strictObject({
    url: z
      .string()
      .min(1)
      .max(2048)
      .meta({ description: 'Where notifications are posted, https:// only', format: 'uri' }),
    enabled: z.boolean().default(true),
    caPem: z
      .string()
      .max(64 * 1024)
      .regex(
        /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/,
        'must be one or more certificates in PEM form',
      )
      .nullable()
      .optional()
      .meta({ description: 'CA certificates trusted for this address besides the public ones, in PEM form' }),
    rotateSecret: z
      .boolean()
      .default(false)
      .meta({ description: 'Make a new secret; the old one signs nothing from then on' }),
  })
  .meta({ id: 'WebhookSettings' });
export type WebhookBody = z.infer<typeof webhookBodySchema>;

export const webhookViewSchema = z
  .object({
    url: z.string(),
    enabled: z.boolean(),
    caPem: z.string().nullable(),
    version: z.int().meta({ description: 'The settings version in which it was last written; its ETag' }),
    updatedAt: instant,
    secret: z.string().optional().meta({
      description:
        'Only in the answer to the request that made it: `whsec_…`, for verifying signatures by the Standard Webhooks specification',
    }),
  })
  .meta({ id: 'Webhook' });
export type WebhookView = z.infer<typeof webhookViewSchema>;

export const webhookTestSchema = z
  .object({
    ok: z.boolean(),
    status: z.int().nullable().meta({ description: 'The HTTP status; null where no answer came' }),
    code: z.string(),
    words: z.string().meta({ description: "What was found; the receiver's words are a stranger's text" }),
  })
  .meta({ id: 'WebhookTest' });
export type WebhookTest = z.infer<typeof webhookTestSchema>;

export const notificationListSchema = z
  .object({
    items: z.array(
      z.object({
        id: z.uuid().meta({ description: 'The webhook-id of its requests' }),
        destinationId: z.uuid(),
        kind: z.enum(['failing_15_minutes', 'failing_24_hours', 'recovered']),
        failingSince: instant.meta({ description: 'When the outage began that it speaks of' }),
        createdAt: instant,
        sentAt: instant.nullable().meta({ description: 'When a 2xx came; null: not yet, or never' }),
        tries: z.int(),
        words: z.string().meta({ description: 'What the last try that failed was told' }),
      }),
    ),
    nextCursor: z.null(),
  })
  .meta({ id: 'NotificationList' });
export type NotificationList = z.infer<typeof notificationListSchema>;
