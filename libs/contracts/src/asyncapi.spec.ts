// Holds the producer page valid under the AsyncAPI parser itself, and the schema usable by any 2020-12 validator.
import { Parser } from '@asyncapi/parser';
import Ajv2020 from 'ajv/dist/2020';
import { asyncApiDocument } from './asyncapi';
import { auditEventJsonSchema } from './event';

it('is a valid AsyncAPI document', async () => {
  const { diagnostics } = await new Parser().parse(JSON.stringify(asyncApiDocument('1.0.0')));
  expect(diagnostics).toEqual([]);
});

it('publishes a schema that compiles and judges', () => {
  const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(auditEventJsonSchema());
  const event = {
    tenantId: 'acme',
    action: 'users.user_invited',
    occurredAt: '2026-11-23T10:00:00Z',
    actor: { type: 'system' },
  };
  expect(validate(event)).toBe(true);
  expect(validate({ ...event, tenantId: 'no spaces' })).toBe(false);
});
