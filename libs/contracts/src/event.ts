// The producer contract: what an audit event is. The JSON Schema, the AsyncAPI page, the SDK's types and the compiled validator of
// ingestion all come from this one schema.
import { z } from 'zod';
import { defaultLimits } from './limits';

/** Text that every store and every screen can carry: no NUL (PostgreSQL refuses it). */
const text = (max: number) => z.string().min(1).max(max);

export const tenantIdSchema = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/)
  .meta({ description: 'The tenant: 1 to 64 of A-Z a-z 0-9 . _ -' });

/** RFC 3339 with a zone. Whether the day exists is checked on top of the pattern (31 February is refused). */
const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;

const actorCommon = { id: text(256).optional(), name: text(256).optional() };
const email = text(320).regex(/^[^\s@]+@[^\s@]+$/);
export const actorSchema = z
  .union([
    z.strictObject({ type: z.enum(['user', 'api_key']), email, ...actorCommon }),
    z.strictObject({ type: z.enum(['service_account', 'system']), email: email.optional(), ...actorCommon }),
  ])
  .meta({ description: 'Who did it. The e-mail may be left out only for service_account and system.' });

const scalar = z.union([z.string().max(8192), z.number(), z.boolean()]);
export const parametersSchema = z
  .record(z.string().min(1).max(128), z.union([scalar, z.array(scalar).max(1000)]))
  .meta({ description: 'Flat facts about what was done; at most 100.', maxProperties: defaultLimits.parameters });

export const auditEventSchema = z
  .strictObject({
    id: text(128)
      .optional()
      .meta({ description: 'Idempotency key, unique in its tenant; the SDK sets a UUIDv7 before the first send.' }),
    tenantId: tenantIdSchema,
    action: z
      .string()
      .max(128)
      .regex(/^[a-z0-9_]+\.[a-z0-9_]+$/)
      .meta({ description: 'A key of the catalogue, e.g. workflows.workflow_created' }),
    occurredAt: z.string().max(40).regex(rfc3339).meta({ description: 'RFC 3339 with a zone', format: 'date-time' }),
    actor: actorSchema,
    workspace: z.strictObject({ id: text(256).optional(), name: text(256) }).optional(),
    parameters: parametersSchema.optional(),
    details: z.string().max(defaultLimits.detailsBytes).optional(),
    context: z
      .strictObject({
        ip: text(64).optional(),
        userAgent: text(1024).optional(),
        requestId: text(256).optional(),
        traceId: text(256).optional(),
      })
      .optional(),
    schemaVersion: z.literal(1).optional(),
  })
  .meta({ title: 'Audit event', description: 'Who did what, and when, in one tenant.' });

export type AuditEvent = z.infer<typeof auditEventSchema>;
export type Actor = AuditEvent['actor'];
export type Parameters = NonNullable<AuditEvent['parameters']>;

/** What is stored and sent: the producer's fields, the id (given or derived) and the time the event entered the topic. */
export type CanonicalEvent = AuditEvent & { readonly id: string; readonly receivedAt: string };

/** JSON Schema 2020-12 of the producer contract. */
export function auditEventJsonSchema(): Record<string, unknown> {
  return {
    ...z.toJSONSchema(auditEventSchema, { target: 'draft-2020-12' }),
    $id: 'https://auditlane.dev/schema/event.v1.json',
  };
}

/** Milliseconds since the epoch of an RFC 3339 instant; `undefined` where the text is not one or names a day that does not exist. */
export function parseInstant(value: string): number | undefined {
  if (!rfc3339.test(value)) return undefined;
  const year = Number(value.slice(0, 4));
  const month = Number(value.slice(5, 7));
  const day = Number(value.slice(8, 10));
  if (month < 1 || month > 12 || day < 1 || day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The one line that says who did it: e-mail where there is one, else name, id or type. */
export function actorLabel(actor: Actor): string {
  return actor.email ?? actor.name ?? actor.id ?? actor.type;
}
