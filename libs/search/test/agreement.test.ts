// The predicate and the SQL are one definition: over the same events every search finds the same set in the forwarder and in the database.
import { actorLabel, catalogue, catalogueEntry, type AuditEvent } from '@auditlane/contracts';
import { eventContent, parse, predicate, print, toSql, type Query } from '@auditlane/search';
import { freshDatabase, type TestDatabase } from '@auditlane/testing';
import canonicalize from 'canonicalize';
import * as fc from 'fast-check';

const tenant = 'acme';
const actions = catalogue.flatMap((area) => area.actions.map(({ key }) => key));

/** Words that are near each other in every way that a comparison may get wrong. */
const words = [
  'a',
  'A',
  'Ab',
  'aB',
  'abc',
  'é',
  'É',
  'e\u0301',
  'E\u0301',
  'José',
  'JOSÉ',
  'Σίσυφος',
  'ΣΊΣΥΦΟΣ',
  'ς',
  'σ',
  'İ',
  'i',
  'ı',
  'I',
  '\u212A',
  'k',
  'ſ',
  's',
  'ß',
  'SS',
  'Жук',
  'жуК',
  '𐐀',
  '𐐨',
  '%',
  '_',
  '\\',
  '\\n',
  '\n',
  '"',
  "'",
  '100%',
  'a_b',
  'C:\\temp',
  '$1',
  '{"ip":"',
  '"context":{"ip":"a',
  'true',
  'null',
  '1',
  '12',
  '-1',
  '0.5',
  '1e21',
  '10.0.0.1',
  'fe80::1',
  'FE80::1',
  'x,y',
  'a b',
  '*',
  '日本',
  '😀',
  'created',
  'Workflow',
  '\u0007',
] as const;
const word = fc.constantFrom(...words);
const phrase = fc.array(word, { minLength: 1, maxLength: 3 }).map((words) => words.join(''));
const number = fc.oneof(
  fc.constantFrom(
    0,
    1,
    -1,
    12,
    0.5,
    1e21,
    -1.5e21,
    1e-7,
    1.5e-10,
    5e-324,
    1.7976931348623157e308,
    123456789012345680000,
  ),
  fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
);
const scalar = fc.oneof(phrase, number, fc.boolean(), fc.constant(''));
const parameterName = fc.oneof(fc.constantFrom('a', 'A', 'role', 'my role', 'a.b', 'é', '"'), phrase);

const instant = fc.integer({ min: Date.UTC(2026, 9, 30), max: Date.UTC(2026, 10, 3) });
const near = fc.oneof(instant, fc.constantFrom(...[0, -1, 1].map((ms) => Date.UTC(2026, 10, 1) + ms)));

const event: fc.Arbitrary<AuditEvent & { readonly id: string }> = fc.record(
  {
    id: phrase,
    tenantId: fc.constant(tenant),
    action: fc.constantFrom(...actions.slice(0, 6), 'workflows.workflow_created'),
    occurredAt: near.map((ms) => new Date(ms).toISOString()),
    actor: fc.oneof(
      phrase.map((name) => ({ type: 'system' as const, name })),
      fc.constantFrom('jane@acme.test', 'Jane@ACME.test').map((email) => ({ type: 'user' as const, email })),
    ),
    workspace: phrase.map((name) => ({ name })),
    parameters: fc.dictionary(parameterName, fc.oneof(scalar, fc.array(scalar, { maxLength: 3 })), { maxKeys: 3 }),
    details: fc.oneof(phrase, fc.constant('')),
    context: fc.record({ ip: phrase, requestId: phrase, userAgent: phrase }, { requiredKeys: [] }),
  },
  { requiredKeys: ['id', 'tenantId', 'action', 'occurredAt', 'actor'] },
);

const value = fc.tuple(phrase, fc.boolean(), fc.nat(3)).map(
  ([text, star, cut]) =>
    `"${text
      .slice(0, text.length - cut)
      .toWellFormed()
      .replace(/["\\]/g, String.raw`\$&`)}"${star ? '*' : ''}`,
);
const values = fc.oneof(
  fc.constant('*'),
  fc.array(value, { minLength: 1, maxLength: 3 }).map((all) => all.join(',')),
);
const date = near.map((ms) => new Date(ms).toISOString());
const term = fc.oneof(
  value,
  value,
  fc.tuple(fc.constantFrom('workspace', 'actor', 'id', 'ip'), values).map(([field, text]) => `${field}:${text}`),
  fc.tuple(parameterName, values).map(([name, text]) => `param."${name.replace(/["\\]/g, String.raw`\$&`)}":${text}`),
  fc.constantFrom(
    'actor:jane@acme.test',
    'actor:JANE*',
    'action:cases.*',
    'action:workflow*',
    'area:cases,workflows',
    'area:approval*',
    'category:user*',
  ),
  fc.constantFrom(
    'category:system_configuration',
    'on:2026-11-01',
    'action:*',
    '1',
    '0.',
    '-1',
    'viewed',
    '"case viewed"',
    '"Workflow created"',
  ),
  fc.tuple(fc.constantFrom('after', 'before'), date).map(([field, text]) => `${field}:${text}`),
);
const search = fc
  .array(fc.tuple(fc.boolean(), term), { minLength: 1, maxLength: 3 })
  .map((terms) => terms.map(([negated, text]) => (negated ? `-${text}` : text)).join(' '));

interface Stored {
  readonly seq: number;
  readonly event: AuditEvent & { readonly id: string };
  readonly canonical: string;
}

async function store(db: TestDatabase, events: readonly Stored[]): Promise<void> {
  await db.pool.query('select audit.make_day(audit.database_day())');
  for (const { seq, event: one, canonical } of events)
    await db.pool.query(
      `insert into audit.events (tenant_id, seq, event_id, content_hash, stored_day, received_at, occurred_at, area, action, category,
         workspace, actor, clock_skew, parameters, details, canonical, accepted_offset)
       values ($1, $2, $3, '', audit.database_day(), now(), $4, $5, $6, $7, $8, $9, false, $10, $11, $12, $2)`,
      [
        tenant,
        seq,
        one.id,
        one.occurredAt,
        catalogueEntry(one.action)?.area,
        one.action,
        catalogueEntry(one.action)?.category,
        one.workspace?.name ?? '',
        actorLabel(one.actor),
        one.parameters === undefined ? null : JSON.stringify(one.parameters),
        one.details ?? null,
        canonical,
      ],
    );
}

function found(query: Query, events: readonly Stored[]): readonly number[] {
  const compiled = predicate(query);
  return events.flatMap(({ seq, event: one, canonical }) => {
    const facts = {
      id: one.id,
      action: one.action,
      area: catalogueEntry(one.action)?.area ?? '',
      category: catalogueEntry(one.action)?.category ?? '',
      workspace: one.workspace?.name ?? '',
      actor: actorLabel(one.actor),
      occurredAt: Date.parse(one.occurredAt),
    };
    return compiled.matches(facts, () => eventContent(Buffer.from(canonical))) ? [seq] : [];
  });
}

async function selected(db: TestDatabase, query: Query): Promise<readonly number[]> {
  const { text, values: bound } = toSql(query, 2);
  const { rows } = await db.pool.query<{ seq: string }>(
    `select seq from audit.events where tenant_id = $1 and (${text}) order by seq`,
    [tenant, ...bound],
  );
  return rows.map(({ seq }) => Number(seq));
}

it('finds the same events by the predicate and by SQL', async () => {
  const db = await freshDatabase();
  const events: readonly Stored[] = fc
    .sample(event, 300)
    .map((one, at) => ({ seq: at + 1, event: one, canonical: canonicalize(one) ?? '' }));
  await store(db, events);
  let hits = 0;
  let searches = 0;
  await fc.assert(
    fc.asyncProperty(search, async (text) => {
      const parsed = parse(text);
      if (!parsed.ok) return;
      const byPredicate = found(parsed.query, events);
      expect({ text: print(parsed.query), seqs: await selected(db, parsed.query) }).toEqual({
        text: print(parsed.query),
        seqs: byPredicate,
      });
      searches++;
      if (byPredicate.length > 0 && byPredicate.length < events.length) hits++;
    }),
    { numRuns: 600 },
  );
  // Searches that find nothing or all would agree by accident.
  expect(hits).toBeGreaterThan(searches / 4);
  await db.drop();
});
