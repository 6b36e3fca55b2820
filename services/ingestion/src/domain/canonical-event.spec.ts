// Holds the canonical bytes to RFC 8785, with an independent implementation as the oracle.
import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import type { AuditEvent } from '@auditlane/contracts';
import { canonicalForm } from './canonical-event';

const receivedAt = '2026-11-23T10:00:00.000Z';

/** Text as it comes out of decoding: whole characters, no NUL. */
const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 12 }).filter((value) => !value.includes('\0'));
const scalar = fc.oneof(
  text,
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
);
/** Integer-like keys, keys that sort differently by code point and by UTF-16 unit, and keys that look like fields of ours. */
const key = fc.oneof(
  text,
  fc.nat().map(String),
  fc.constantFrom(
    '10',
    '9',
    '-',
    '01',
    '\u{1f600}',
    '\ufb33',
    ',"tenantId":"',
    '","receivedAt":"',
    'occurredAt',
    'tenantId',
  ),
);
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const event: fc.Arbitrary<AuditEvent> = fc.record({
  id: optional(text),
  tenantId: fc.constantFrom('acme', 'a.b-c_d'),
  action: fc.constant('workflows.workflow_created'),
  occurredAt: fc.constant('2026-11-23T09:59:59+02:00'),
  actor: fc.record({
    type: fc.constant('system' as const),
    email: fc.constant(undefined),
    id: optional(text),
    name: optional(text),
  }),
  workspace: optional(fc.record({ id: optional(text), name: text })),
  parameters: optional(
    fc.dictionary(
      key.filter((name) => name !== '__proto__'),
      fc.oneof(scalar, fc.array(scalar, { maxLength: 4 })),
      { maxKeys: 12 },
    ),
  ),
  details: optional(text),
  context: optional(
    fc.record({ ip: optional(text), userAgent: optional(text), requestId: optional(text), traceId: optional(text) }),
  ),
  schemaVersion: optional(fc.constant(1 as const)),
});
/** The order in which a producer wrote the fields must not matter. */
const shuffled = event.chain((made) =>
  fc
    .shuffledSubarray(Object.entries(made), { minLength: Object.keys(made).length })
    .map((entries) => ({ ...Object.fromEntries(entries), ...made })),
);

const sha256 = (value: string) => createHash('sha256').update(value).digest('base64url');

describe('the canonical form', () => {
  it('is RFC 8785 of the event with id and receivedAt, and its hash is RFC 8785 of the event as it was said', async () => {
    const { default: canonicalize } = await import('canonicalize');
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
    fc.assert(
      fc.property(shuffled, (made) => {
        const form = canonicalForm(made, made.id ?? 'derived', receivedAt);
        const said = canonicalize(plain(made)) ?? '';
        expect(form.bytes.toString()).toBe(canonicalize(plain({ ...made, id: made.id ?? 'derived', receivedAt })));
        expect(form.contentHash).toBe(sha256(said));
        expect(form.contentBytes).toBe(Buffer.byteLength(said));
      }),
      { numRuns: 5_000 },
    );
  });

  it('puts integer-like parameter keys in text order, which no JavaScript object can', () => {
    const made: AuditEvent = {
      tenantId: 'acme',
      action: 'workflows.workflow_created',
      occurredAt: receivedAt,
      actor: { type: 'system' },
      parameters: { '9': 'nine', '10': 'ten', '-': 'dash', a: 'a' },
    };
    expect(canonicalForm(made, 'x', receivedAt).bytes.toString()).toContain(
      '"parameters":{"-":"dash","10":"ten","9":"nine","a":"a"}',
    );
  });
});
