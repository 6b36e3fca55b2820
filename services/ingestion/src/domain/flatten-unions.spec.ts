// Holds the quick schema to the published one: it may refuse more (it counts UTF-16 units), it must never take more.
import Ajv2020 from 'ajv/dist/2020';
import * as fc from 'fast-check';
import { auditEventJsonSchema } from '@auditlane/contracts';
import { sampleEvent } from '../../test/hostile-records';
import { isObject } from './decode-json';
import { flattenUnions } from './flatten-unions';

const options = { strict: false, validateFormats: false } as const;
const compile = (schema: unknown) => new Ajv2020(options).compile(isObject(schema) ? schema : {});

describe('a union of plain types', () => {
  it('becomes a list of types with the rules of each', () => {
    const union = { anyOf: [{ type: 'string', maxLength: 3 }, { anyOf: [{ type: 'number' }, { type: 'boolean' }] }] };
    expect(flattenUnions(union)).toEqual({ type: ['string', 'number', 'boolean'], maxLength: 3 });
  });

  it.each([
    ['of objects', { anyOf: [{ type: 'object' }, { type: 'string' }] }],
    ['of one type twice', { anyOf: [{ type: 'string', maxLength: 1 }, { type: 'string' }] }],
    ['with a rule for all types', { anyOf: [{ type: 'string', const: 'a' }, { type: 'number' }] }],
    ['beside another rule', { anyOf: [{ type: 'string' }, { type: 'number' }], not: { const: 1 } }],
  ])('%s stays as it is', (_, union) => {
    expect(flattenUnions(union)).toEqual(union);
  });

  it('means the same, for any event', () => {
    const exact = compile(auditEventJsonSchema());
    const quick = compile(flattenUnions(auditEventJsonSchema()));
    const parameter = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom(
        'x'.repeat(8_192),
        'x'.repeat(8_193),
        ['x'.repeat(8_193)],
        Array.from({ length: 1_001 }, () => 1),
      ),
    );
    const name = fc.constantFrom(...Object.keys(sampleEvent()), 'x');
    fc.assert(
      fc.property(name, fc.jsonValue(), fc.dictionary(fc.string(), parameter), (field, value, parameters) => {
        const event = { ...sampleEvent({ parameters }), ...(field === 'x' ? {} : { [field]: value }) };
        for (const one of [event, sampleEvent({ parameters })]) expect(quick(one)).toBe(exact(one));
      }),
      { numRuns: 2_000 },
    );
  });
});
