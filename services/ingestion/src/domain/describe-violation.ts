// Turns the validator's finding into a sentence that tells a producer's developer which field is wrong and what to do about it.
import type { ErrorObject } from 'ajv';
import { isObject } from './decode-json';
import { excerpt } from './refusal';

/** What to send, for the fields whose rule is not obvious from the finding. */
const advice: Readonly<Record<string, string>> = {
  tenantId: 'send 1 to 64 of A-Z a-z 0-9 . _ -',
  action: 'send a key of the catalogue, such as workflows.workflow_created',
  occurredAt: 'send an RFC 3339 instant with its zone, such as 2026-11-23T09:30:00.000Z',
  actor: 'send an object with type and, for user and api_key, email',
  'actor.type': 'send user, service_account, api_key or system',
  'actor.email': 'send an e-mail address; only service_account and system may leave it out',
  workspace: 'send an object with name and, where there is one, id',
  parameters: 'send a flat object of string, number, boolean, or arrays of those',
};

export interface Violation {
  /** Dotted path of the field, empty for the event as a whole. */
  readonly path: string;
  readonly sentence: string;
}

export function describeViolation(errors: readonly ErrorObject[], event: unknown): Violation {
  const error = telling(errors, event);
  if (!error) return { path: '', sentence: 'The event does not follow the producer contract.' };
  const path = dotted(error.instancePath);
  if (error.propertyName !== undefined)
    return sentence(path, `has the field name ${excerpt(error.propertyName)}`, 'send names of 1 to 128 characters');
  switch (error.keyword) {
    case 'required': {
      const field = join(path, textOf(error.params['missingProperty']));
      return sentence(field, 'is missing', advice[field] ?? 'it is required');
    }
    case 'additionalProperties': {
      const field = join(path, textOf(error.params['additionalProperty']));
      return sentence(field, 'is not a field of an audit event', hintFor(event, path));
    }
    default:
      if (path.startsWith('parameters.')) return parameterSentence(path, error);
      return sentence(path, ruleOf(error), advice[path] ?? 'see the schema event.v1.json');
  }
}

/** A union reports every branch. The actor's type says which branch was meant; of a parameter, the one whose type fits. */
function telling(errors: readonly ErrorObject[], event: unknown): ErrorObject | undefined {
  const actor = isObject(event) ? event['actor'] : undefined;
  const type = isObject(actor) ? actor['type'] : undefined;
  const branch = type === 'service_account' || type === 'system' ? '/anyOf/1/' : '/anyOf/0/';
  const found = errors.filter(
    ({ keyword, instancePath, schemaPath }) =>
      keyword !== 'anyOf' && (!instancePath.startsWith('/actor') || schemaPath.includes(branch)),
  );
  return found.find((error) => error.keyword !== 'type') ?? found[0];
}

function parameterSentence(path: string, error: ErrorObject): Violation {
  const rules: Readonly<Record<string, string>> = {
    maxLength: 'is too long: at most 8192 characters',
    maxItems: 'has too many items: at most 1000',
  };
  const rule = rules[error.keyword] ?? 'has a value that is not taken';
  return sentence(path, rule, advice['parameters'] ?? '');
}

function ruleOf({ keyword, params }: ErrorObject): string {
  switch (keyword) {
    case 'type':
      return `must be of type ${textOf(params['type'])}`;
    case 'minLength':
      return 'is empty';
    case 'maxLength':
      return `is too long: at most ${textOf(params['limit'])} characters`;
    case 'maxProperties':
      return `has too many fields: at most ${textOf(params['limit'])}`;
    default:
      return 'is not well-formed';
  }
}

function hintFor(event: unknown, path: string): string {
  if (path === '' && isObject(event) && 'specversion' in event)
    return 'this looks like a CloudEvents envelope: set the header content-type to application/cloudevents+json';
  return 'leave it out, or put it under parameters';
}

function sentence(path: string, rule: string, what: string): Violation {
  return { path, sentence: `${path === '' ? 'The event' : excerpt(path)} ${rule}: ${what}.` };
}

function dotted(pointer: string): string {
  return pointer.slice(1).split('/').join('.').replaceAll('~1', '/').replaceAll('~0', '~');
}

function join(path: string, field: string): string {
  return path === '' ? field : `${path}.${field}`;
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
