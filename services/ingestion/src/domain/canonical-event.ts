// Writes an event's canonical bytes (RFC 8785), once for the whole pipeline, and the hash of what the producer said.
// The contract fixes every key but those of `parameters`, so the order is written down and only those are sorted.
import { hash } from 'node:crypto';
import type { AuditEvent, Parameters } from '@auditlane/contracts';

export interface CanonicalForm {
  /** What is stored and sent: the producer's fields, the id and `receivedAt`. */
  readonly bytes: Buffer;
  /** SHA-256 of the producer's own fields in canonical form, base64url: the same for every repeat of the event. */
  readonly contentHash: string;
  /** Size of the producer's own fields in canonical form. */
  readonly contentBytes: number;
}

/** `event` must have passed decoding and validation, `id` is the producer's where there is one, `receivedAt` an ISO instant. */
export function canonicalForm(event: AuditEvent, id: string, receivedAt: string): CanonicalForm {
  const content = canonicalText(event);
  const identified =
    event.id === undefined ? inserted(content, occurredAtOf(content), `,"id":${JSON.stringify(id)}`) : content;
  // A quote inside a string is escaped, so the last place where this stands is the event's own field.
  const end = event.schemaVersion === undefined ? ',"tenantId":"' : ',"schemaVersion":1,"tenantId":"';
  const received = `,"receivedAt":"${receivedAt}"`;
  const bytes = Buffer.from(inserted(identified, identified.lastIndexOf(end), received));
  return {
    bytes,
    contentHash: hash('sha256', content, 'base64url'),
    // The id is the only other thing added; derived ids and instants are ASCII.
    contentBytes: bytes.length - received.length - (identified.length - content.length),
  };
}

/** JSON.stringify leaves out what is undefined, escapes as RFC 8785 asks for, and prints numbers as ECMAScript does. */
function canonicalText(event: AuditEvent): string {
  const { actor, context, workspace, parameters } = event;
  const sorted = parameters && sortedParameters(parameters);
  const text = JSON.stringify({
    action: event.action,
    actor: { email: actor.email, id: actor.id, name: actor.name, type: actor.type },
    context: context && {
      ip: context.ip,
      requestId: context.requestId,
      traceId: context.traceId,
      userAgent: context.userAgent,
    },
    details: event.details,
    id: event.id,
    occurredAt: event.occurredAt,
    parameters: sorted,
    schemaVersion: event.schemaVersion,
    tenantId: event.tenantId,
    workspace: workspace && { id: workspace.id, name: workspace.name },
  });
  if (sorted || !parameters) return text;
  const at = occurredAtOf(text) + `,"occurredAt":"${event.occurredAt}"`.length;
  return inserted(text, at, `,"parameters":${joinedParameters(parameters)}`);
}

/** Only actor, context, details and id stand before it, and none of them can have a key of this name. */
function occurredAtOf(text: string): number {
  return text.indexOf(',"occurredAt":"');
}

function inserted(text: string, at: number, addition: string): string {
  return text.slice(0, at) + addition + text.slice(at);
}

/** `undefined` where no object can be in the right order: JavaScript lists the keys "9" and "10" as numbers, whatever is asked. */
function sortedParameters(parameters: Parameters): Parameters | undefined {
  const keys = Object.keys(parameters);
  let sorted = true;
  let before = '';
  for (const key of keys) {
    if (key < before) sorted = false;
    const first = key.charCodeAt(0);
    if (first >= 0x30 && first <= 0x39) return undefined;
    before = key;
  }
  if (sorted) return parameters;
  const out: Parameters = {};
  for (const key of keys.sort()) {
    const value = parameters[key];
    if (value !== undefined) out[key] = value;
  }
  return out;
}

/** The default order of sort is the order of UTF-16 code units, which is the one RFC 8785 asks for. */
function joinedParameters(parameters: Parameters): string {
  const members = Object.keys(parameters)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${JSON.stringify(parameters[key])}`);
  return `{${members.join(',')}}`;
}
