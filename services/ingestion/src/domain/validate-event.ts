// Holds an object to the producer contract: the published JSON Schema, compiled, and the rules that a schema cannot say.
import Ajv2020 from 'ajv/dist/2020';
import {
  auditEventJsonSchema,
  catalogueEntry,
  isNeverAudited,
  parseInstant,
  type AuditEvent,
  type CatalogueEntry,
  type EventLimits,
} from '@auditlane/contracts';
import { isObject } from './decode-json';
import { describeViolation } from './describe-violation';
import { flattenUnions } from './flatten-unions';
import { excerpt, refused, type Refusal } from './refusal';

export interface ValidEvent {
  readonly kind: 'valid';
  readonly event: AuditEvent;
  readonly entry: CatalogueEntry;
  /** Milliseconds since the epoch. */
  readonly occurredAt: number;
}

export type Validate = (fields: Readonly<Record<string, unknown>>) => ValidEvent | Refusal;

// `logger`: unicode is deprecated as a statement about the world, not about its use here.
const options = { strict: false, validateFormats: false, messages: false, logger: false } as const;

export function createValidator(limits: EventLimits): Validate {
  const schema = schemaWith(limits);
  // The quick one counts UTF-16 units where the schema says characters: it may refuse what the exact one takes, never the other way.
  const conformsQuickly = new Ajv2020({ ...options, unicode: false }).compile<AuditEvent>(quick(schema));
  const conforms = new Ajv2020(options).compile<AuditEvent>(schema);

  return (fields) => {
    const { schemaVersion } = fields;
    // Before the schema: an event of another version is expected to have other fields.
    if (schemaVersion !== undefined && schemaVersion !== 1)
      return refused(
        'schema_version_unsupported',
        `schemaVersion ${excerpt(JSON.stringify(schemaVersion))} is not known here. Send 1 or leave it out.`,
      );
    if (!conformsQuickly(fields) && !conforms(fields)) {
      const { path, sentence } = describeViolation(conforms.errors ?? [], fields);
      const named = path === 'action' && typeof fields['action'] === 'string';
      return refused(named ? 'unknown_action' : 'schema_invalid', sentence);
    }
    const entry = catalogueEntry(fields.action);
    if (!entry) return refuseAction(fields.action);
    const occurredAt = parseInstant(fields.occurredAt);
    if (occurredAt === undefined)
      return refused(
        'schema_invalid',
        `occurredAt ${excerpt(fields.occurredAt)} names a date or time that does not exist. Send a real RFC 3339 instant.`,
      );
    const { details } = fields;
    // A UTF-16 unit takes at most three bytes, so most texts need no counting.
    if (details !== undefined && details.length * 3 > limits.detailsBytes) {
      const size = Buffer.byteLength(details);
      if (size > limits.detailsBytes)
        return refused(
          'schema_invalid',
          `details takes ${size} bytes in UTF-8; at most ${limits.detailsBytes} are taken. Shorten it.`,
        );
    }
    return { kind: 'valid', event: fields, entry, occurredAt };
  };
}

function refuseAction(action: string): Refusal {
  return isNeverAudited(action)
    ? refused(
        'not_audited',
        `${excerpt(action)} is a content change, and those are never audit events. Stop publishing it to this topic.`,
      )
    : refused('unknown_action', `${excerpt(action)} is not in the catalogue. Use one of its keys, or have it added.`);
}

/** The schema of the contract with the operator's limits in it. */
function schemaWith(limits: EventLimits): Record<string, unknown> {
  const schema = auditEventJsonSchema();
  const properties = isObject(schema['properties']) ? schema['properties'] : {};
  const parameters = isObject(properties['parameters']) ? properties['parameters'] : {};
  return {
    ...schema,
    properties: {
      ...properties,
      parameters: { ...parameters, maxProperties: limits.parameters },
      details: { type: 'string', maxLength: limits.detailsBytes },
    },
  };
}

function quick(schema: Record<string, unknown>): Record<string, unknown> {
  const flat = flattenUnions(schema);
  return isObject(flat) ? flat : schema;
}
