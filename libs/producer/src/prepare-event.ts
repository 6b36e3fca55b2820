// Turns what a caller hands over into an event that ingestion will accept, or says everything that is wrong with it, before anything is sent.
import { closest } from 'fastest-levenshtein';
import { v7 as uuidv7 } from 'uuid';
import {
  auditEventSchema,
  catalogue,
  catalogueEntry,
  defaultLimits,
  isNeverAudited,
  parseInstant,
  type ActionKey,
  type AuditEvent,
} from '@auditlane/contracts';

/** An event as a caller writes it: `id` and `occurredAt` may be left to the SDK, the action is completed from the catalogue. */
export type NewAuditEvent = Omit<AuditEvent, 'action' | 'occurredAt'> & {
  readonly action: ActionKey;
  /** When it happened; now where left out. Text is RFC 3339 with a zone. */
  readonly occurredAt?: string | Date;
};

/** An event that may be sent: it carries its idempotency key. */
export type PreparedEvent = AuditEvent & { readonly id: string };

/** `faults` names each wrong field and what to do about it; `message` holds them all. */
export class InvalidAuditEventError extends Error {
  constructor(readonly faults: readonly string[]) {
    super(`not a valid audit event: ${faults.join('; ')}`);
    this.name = 'InvalidAuditEventError';
  }
}

const actionKeys = catalogue.flatMap((area) => area.actions.map((action): string => action.key));

/**
 * Checks `candidate` (also one that came from a file) and fills in what the SDK owes: a UUIDv7 as idempotency key, set before the
 * first send so that every retry is the same event, and the time.
 * @throws InvalidAuditEventError with every fault
 */
export function prepareEvent(candidate: unknown, now: Date): PreparedEvent {
  if (typeof candidate !== 'object' || candidate === null || Array.isArray(candidate)) {
    throw new InvalidAuditEventError(['an event is an object']);
  }
  const given: Readonly<Record<string, unknown>> = { ...candidate };
  const occurredAt = given['occurredAt'] ?? now;
  const parsed = auditEventSchema.safeParse({
    ...given,
    id: given['id'] ?? uuidv7(),
    occurredAt:
      occurredAt instanceof Date && !Number.isNaN(occurredAt.getTime()) ? occurredAt.toISOString() : occurredAt,
  });
  const faults = parsed.success
    ? beyondTheSchema(parsed.data)
    : parsed.error.issues.map((issue) => `${issue.path.length > 0 ? issue.path.join('.') : 'event'}: ${issue.message}`);
  if (!parsed.success || faults.length > 0) throw new InvalidAuditEventError(faults);
  return { ...parsed.data, id: parsed.data.id ?? uuidv7() };
}

function beyondTheSchema(event: AuditEvent): string[] {
  const faults: string[] = [];
  if (isNeverAudited(event.action)) {
    faults.push(`action: '${event.action}' is a content change; those are never audit events`);
  } else if (!catalogueEntry(event.action)) {
    faults.push(
      `action: '${event.action}' is not in the catalogue; did you mean '${closest(event.action, actionKeys)}'?`,
    );
  }
  if (parseInstant(event.occurredAt) === undefined)
    faults.push(`occurredAt: '${event.occurredAt}' is not a real point in time`);
  if (Object.keys(event.parameters ?? {}).length > defaultLimits.parameters) {
    faults.push(`parameters: at most ${defaultLimits.parameters} are allowed`);
  }
  if (Buffer.byteLength(JSON.stringify(event)) > defaultLimits.eventBytes) {
    faults.push(`event: larger than ${defaultLimits.eventBytes} bytes`);
  }
  return faults;
}
