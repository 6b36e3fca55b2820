// Holds validation to telling a producer's developer which field is wrong and what to send instead.
import { defaultLimits } from '@auditlane/contracts';
import { sampleEvent, type Fields } from '../../test/hostile-records';
import { createValidator } from './validate-event';

const validate = createValidator(defaultLimits);
const wordsFor = (overrides: Fields): string => {
  const { tenantId, ...rest } = sampleEvent(overrides);
  const verdict = validate(tenantId === undefined ? rest : { tenantId, ...rest });
  return verdict.kind === 'refused' ? `${verdict.reason}: ${verdict.detail}` : 'valid';
};

describe('what is wrong', () => {
  it.each<[string, Fields, string]>([
    ['no tenant', { tenantId: undefined }, 'schema_invalid: "tenantId" is missing: send 1 to 64 of A-Z a-z 0-9 . _ -.'],
    [
      'a user without e-mail',
      { actor: { type: 'user' } },
      'schema_invalid: "actor.email" is missing: send an e-mail address; only service_account and system may leave it out.',
    ],
    [
      'an e-mail that is none',
      { actor: { type: 'user', email: 'jane' } },
      'schema_invalid: "actor.email" is not well-formed: send an e-mail address; only service_account and system may leave it out.',
    ],
    [
      'an e-mail of a service account that is none',
      { actor: { type: 'system', email: 'jane' } },
      'schema_invalid: "actor.email" is not well-formed: send an e-mail address; only service_account and system may leave it out.',
    ],
    [
      'an unknown actor type',
      { actor: { type: 'robot', email: 'a@b' } },
      'schema_invalid: "actor.type" is not well-formed: send user, service_account, api_key or system.',
    ],
    [
      'an actor that is text',
      { actor: 'jane' },
      'schema_invalid: "actor" must be of type object: send an object with type and, for user and api_key, email.',
    ],
    [
      'a field of the actor that is none',
      { actor: { type: 'system', role: 'x' } },
      'schema_invalid: "actor.role" is not a field of an audit event: leave it out, or put it under parameters.',
    ],
    [
      'a nested parameter',
      { parameters: { a: { b: 1 } } },
      'schema_invalid: "parameters.a" has a value that is not taken: send a flat object of string, number, boolean, or arrays of those.',
    ],
    [
      'a parameter that is null',
      { parameters: { 'a/b': null } },
      'schema_invalid: "parameters.a/b" has a value that is not taken: send a flat object of string, number, boolean, or arrays of those.',
    ],
    [
      'a parameter that is too long',
      { parameters: { a: 'x'.repeat(8_193) } },
      'schema_invalid: "parameters.a" is too long: at most 8192 characters: send a flat object of string, number, boolean, or arrays of those.',
    ],
    [
      'a list that is too long',
      { parameters: { a: Array.from({ length: 1_001 }, () => 1) } },
      'schema_invalid: "parameters.a" has too many items: at most 1000: send a flat object of string, number, boolean, or arrays of those.',
    ],
    [
      'a parameter without a name',
      { parameters: { '': 1 } },
      'schema_invalid: "parameters" has the field name "": send names of 1 to 128 characters.',
    ],
    [
      'a workspace without name',
      { workspace: { id: 'x' } },
      'schema_invalid: "workspace.name" is missing: it is required.',
    ],
    [
      'an unknown field',
      { Details: 'x' },
      'schema_invalid: "Details" is not a field of an audit event: leave it out, or put it under parameters.',
    ],
    [
      'an envelope without its header',
      { specversion: '1.0' },
      'schema_invalid: "specversion" is not a field of an audit event: this looks like a CloudEvents envelope: set the header content-type to application/cloudevents+json.',
    ],
    [
      'no zone',
      { occurredAt: '2026-11-23T09:00:00' },
      'schema_invalid: "occurredAt" is not well-formed: send an RFC 3339 instant with its zone, such as 2026-11-23T09:30:00.000Z.',
    ],
    [
      'a day that does not exist',
      { occurredAt: '2026-02-31T00:00:00Z' },
      'schema_invalid: occurredAt "2026-02-31T00:00:00Z" names a date or time that does not exist. Send a real RFC 3339 instant.',
    ],
    [
      'an id that is too long',
      { id: 'x'.repeat(129) },
      'schema_invalid: "id" is too long: at most 128 characters: see the schema event.v1.json.',
    ],
    [
      'details in many bytes',
      { details: 'é'.repeat(4_097) },
      'schema_invalid: details takes 8194 bytes in UTF-8; at most 8192 are taken. Shorten it.',
    ],
    [
      'an action in the wrong form',
      { action: 'Workflow created' },
      'unknown_action: "action" is not well-formed: send a key of the catalogue, such as workflows.workflow_created.',
    ],
    [
      'an action outside the catalogue',
      { action: 'workflows.nothing' },
      'unknown_action: "workflows.nothing" is not in the catalogue. Use one of its keys, or have it added.',
    ],
    [
      'a content change',
      { action: 'workflows.workflow_executed' },
      'not_audited: "workflows.workflow_executed" is a content change, and those are never audit events. Stop publishing it to this topic.',
    ],
    [
      'another version',
      { schemaVersion: '1' },
      'schema_version_unsupported: schemaVersion ""1"" is not known here. Send 1 or leave it out.',
    ],
  ])('%s', (_, overrides, words) => {
    expect(wordsFor(overrides)).toBe(words);
  });

  it('is told by the operator’s limits where those were changed', () => {
    const strict = createValidator({ ...defaultLimits, parameters: 2, detailsBytes: 4 });
    expect(strict(sampleEvent({ parameters: { a: 1, b: 2, c: 3 }, details: 'x' }))).toMatchObject({
      detail: expect.stringContaining('"parameters" has too many fields: at most 2'),
    });
    expect(strict(sampleEvent({ parameters: {}, details: '12345' }))).toMatchObject({ reason: 'schema_invalid' });
    expect(strict(sampleEvent({ parameters: {}, details: '1234' }))).toMatchObject({ kind: 'valid' });
  });
});

describe('what is right', () => {
  it('is measured in characters, as the published schema says, not in UTF-16 units', () => {
    expect(wordsFor({ id: '\u{1f600}'.repeat(128) })).toBe('valid');
    expect(wordsFor({ id: '\u{1f600}'.repeat(129) })).toContain('"id" is too long');
  });

  it.each([{ type: 'system' }, { type: 'service_account', name: 'sync' }, { type: 'api_key', email: 'a@b' }])(
    'includes the actor %j',
    (actor) => {
      expect(wordsFor({ actor })).toBe('valid');
    },
  );

  it('comes with its entry in the catalogue and its instant', () => {
    expect(validate(sampleEvent({ occurredAt: '2026-11-23T12:00:00.5+02:00' }))).toMatchObject({
      entry: { area: 'workflows', category: 'System configuration' },
      occurredAt: Date.parse('2026-11-23T10:00:00.500Z'),
    });
  });
});
