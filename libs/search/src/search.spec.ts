// The grammar as its users meet it: what each form means, what each mistake is answered with, and that any text is answered at all.
import * as fc from 'fast-check';
import { parse, parseFilter, print, type Parsed, type Query } from '.';

const queryOf = (parsed: Parsed): Query => {
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.query;
};
const printed = (text: string): string => print(queryOf(parse(text)));

describe('a search', () => {
  it.each([
    ['', ''],
    [
      '  action:workflows.workflow_created   actor:jane@acme.test ',
      'action:workflows.workflow_created actor:jane@acme.test',
    ],
    ['Action:workflows.*', 'action:workflows.*'],
    ['action:cases.case_viewed,cases.case_closed', 'action:cases.case_viewed,cases.case_closed'],
    ['area:"Approval management",Workflows', 'area:approval_management,workflows'],
    ['category:"Setting updates"', 'category:setting_updates'],
    ['action:"Workflow created",workflow_deleted', 'action:workflows.workflow_created,workflows.workflow_deleted'],
    ['category:user-actions', 'category:user_actions'],
    ['-workspace:prod', '-workspace:prod'],
    ['NOT workspace:prod', '-workspace:prod'],
    ['a AND b', 'a b'],
    ['workspace:"EU, West"*,b', 'workspace:"EU, West"*,b'],
    ['param.role:admin', 'param.role:admin'],
    ['param."my role":a', 'param."my role":a'],
    ['param.a.b:x:y', 'param.a.b:x:y'],
    ['ip:fe80::1', 'ip:fe80::1'],
    ['ip:*', 'ip:*'],
    [String.raw`"a \"b\" \\ c"`, String.raw`"a \"b\" \\ c"`],
    [String.raw`"C:\temp"`, String.raw`"C:\\temp"`],
    [String.raw`ACME\jane`, String.raw`"ACME\\jane"`],
    ['https://acme.test/x 12:30', '"https://acme.test/x" "12:30"'],
    ['workfl*', 'workfl'],
    ['"NOT" not and', '"NOT" not and'],
    [
      'after:2026-11-01 before:2026-11-02t08:30:00z on:2026-11-03',
      'after:2026-11-01 before:2026-11-02T08:30:00Z on:2026-11-03',
    ],
    ['after:7d before:-24H on:Today', 'after:-7d before:-24h on:today'],
  ])('%j is read as %j', (text, canonical) => {
    expect(printed(text)).toBe(canonical);
    expect(printed(canonical)).toBe(canonical);
  });

  it.each([
    ['actr:jane', 'unknown_field', 0, 4, 'actor'],
    ['x user:jane', 'unknown_field', 2, 6, 'actor'],
    ['-params.role:x', 'unknown_field', 1, 12, 'param.role'],
    ['param:x', 'unknown_field', 0, 5, undefined],
    ['fe80::1', 'unknown_field', 0, 4, undefined],
    ['action:workflows.workflow_craeted', 'unknown_value', 7, 33, 'workflows.workflow_created'],
    ['action:field_created', 'unknown_value', 7, 20, 'case_related_tables.field_created'],
    ['area:cases,work', 'unknown_value', 11, 15, undefined],
    ['area:workflow', 'unknown_value', 5, 13, 'workflows'],
    ['category:setings_updates', 'unknown_value', 9, 24, 'setting_updates'],
    ['actor: jane', 'empty_value', 6, 6, undefined],
    ['actor:a,,b', 'empty_value', 8, 8, undefined],
    ['actor:""', 'empty_value', 6, 8, undefined],
    ['*', 'empty_value', 0, 1, undefined],
    ['x "never closed', 'unclosed_quote', 2, 15, undefined],
    ['actor:a"b"', 'misplaced_quote', 6, 10, undefined],
    ['"a"b', 'misplaced_quote', 0, 4, undefined],
    ['actor:a*b', 'bad_prefix', 6, 9, '"a*b"'],
    ['a*b*', 'bad_prefix', 0, 4, '"a*b"*'],
    ['after:2026-13-01', 'bad_date', 6, 16, undefined],
    ['after:2026-02-30', 'bad_date', 6, 16, undefined],
    ['on:2026-11-01T08:00', 'bad_date', 3, 19, undefined],
    ['before:0001-01-01', 'bad_date', 7, 17, undefined],
    ['after:2026*', 'bad_prefix', 6, 11, undefined],
    ['after:today,yesterday', 'list_not_allowed', 12, 21, undefined],
    ['--x', 'bad_negation', 0, 3, undefined],
    ['a - b', 'bad_negation', 2, 3, undefined],
    ['NOT', 'bad_negation', 0, 3, undefined],
    ['a OR b', 'unsupported', 2, 4, undefined],
    ['(a b)', 'unsupported', 0, 2, undefined],
    ['a\u0000b', 'bad_character', 1, 2, undefined],
    ['a\ud800', 'bad_character', 1, 2, undefined],
    ['x'.repeat(2_001), 'too_long', 2_000, 2_001, undefined],
    ['a '.repeat(51), 'too_many_terms', 100, 101, undefined],
    [`id:${Array.from({ length: 51 }, () => 'a').join(',')}`, 'too_many_values', 103, 104, undefined],
  ])('%j is refused as %s', (text, code, start, end, suggestion) => {
    const parsed = parse(text);
    expect(parsed).toMatchObject({ ok: false, faults: [{ code, start, end, ...(suggestion ? { suggestion } : {}) }] });
    if (parsed.ok) return;
    const [fault] = parsed.faults;
    expect(fault?.suggestion).toBe(suggestion);
    expect(fault?.words).toMatch(/^[A-Z][^]*[.?]$/);
  });

  it('names every fault at once, in the order of the text, ten at most', () => {
    const parsed = parse('actr:x area:nowhere after:never "open');
    expect(parsed.ok ? [] : parsed.faults.map(({ code }) => code)).toEqual([
      'unknown_field',
      'unknown_value',
      'bad_date',
      'unclosed_quote',
    ]);
    const many = parse('x: '.repeat(40));
    expect(many.ok ? [] : many.faults).toHaveLength(10);
  });

  it('is refused relative dates where it is kept as a filter', () => {
    for (const text of ['after:-7d', 'on:today', 'before:yesterday'])
      expect(parseFilter(text)).toMatchObject({ ok: false, faults: [{ code: 'relative_date' }] });
    expect(parseFilter('after:2026-11-01')).toMatchObject({ ok: true });
  });
});

describe('a date', () => {
  const now = Date.parse('2026-11-23T20:30:00Z');
  const spanOf = (text: string, timeZone: string): [string | undefined, string | undefined] => {
    const [term] = queryOf(parse(text, { timeZone, now })).terms;
    if (term?.kind !== 'time') throw new Error('no date');
    const iso = (ms: number | undefined) => (ms === undefined ? undefined : new Date(ms).toISOString());
    return [iso(term.span.from), iso(term.span.to)];
  };

  it.each([
    ['after:2026-11-01', 'UTC', '2026-11-01T00:00:00.000Z', undefined],
    ['after:2026-11-01', 'Europe/Berlin', '2026-10-31T23:00:00.000Z', undefined],
    ['before:2026-11-01T08:30', 'America/New_York', undefined, '2026-11-01T13:30:00.000Z'],
    ['after:2026-11-01T08:30:00.5+02:00', 'Asia/Tokyo', '2026-11-01T06:30:00.500Z', undefined],
    // A day of 25 hours, and one of 23.
    ['on:2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z', '2026-10-25T23:00:00.000Z'],
    ['on:2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z'],
    // Midnight did not take place there.
    ['on:2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z', '2018-11-05T02:00:00.000Z'],
    ['on:today', 'Asia/Tokyo', '2026-11-23T15:00:00.000Z', '2026-11-24T15:00:00.000Z'],
    ['on:yesterday', 'UTC', '2026-11-22T00:00:00.000Z', '2026-11-23T00:00:00.000Z'],
    ['after:-90m', 'UTC', '2026-11-23T19:00:00.000Z', undefined],
    ['before:-2w', 'UTC', undefined, '2026-11-09T20:30:00.000Z'],
  ])('%s in %s', (text, timeZone, from, to) => {
    expect(spanOf(text, timeZone)).toEqual([from, to]);
  });

  it('is refused in a zone that does not exist', () => {
    expect(parse('on:today', { timeZone: 'Mars/Olympus' })).toMatchObject({
      ok: false,
      faults: [{ code: 'bad_time_zone' }],
    });
  });
});

describe('parsing', () => {
  const pieces = [
    'action:',
    'area:',
    'param.a:',
    'param."',
    'after:',
    '-',
    'NOT ',
    'AND ',
    'OR ',
    '"',
    '\\',
    '*',
    ',',
    ':',
    '(',
    ' ',
    '\t',
    'a',
    'é',
    '2026-11-01',
    '-7d',
    '.',
    '//',
    '\u0000',
    '\ud800',
  ];
  const anyText = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(fc.oneof(fc.constantFrom(...pieces), fc.string({ maxLength: 4 })), { maxLength: 60 })
      .map((all) => all.join('')),
  );

  it('answers any text with a query or with faults inside of the text, and never throws', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const parsed = parse(text, { now: 0 });
        if (parsed.ok) return;
        expect(parsed.faults.length).toBeGreaterThan(0);
        for (const { start, end } of parsed.faults) {
          expect(start).toBeGreaterThanOrEqual(0);
          expect(end).toBeGreaterThanOrEqual(start);
          expect(end).toBeLessThanOrEqual(text.length);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('reads what it printed as the same query', () => {
    const options = { now: Date.parse('2026-11-23T20:30:00Z'), timeZone: 'Europe/Berlin' };
    let queries = 0;
    fc.assert(
      fc.property(anyText, (text) => {
        const parsed = parse(text, options);
        if (!parsed.ok) return;
        queries++;
        expect(parse(print(parsed.query), options)).toEqual(parsed);
      }),
      { numRuns: 4_000 },
    );
    expect(queries).toBeGreaterThan(200);
  });

  it.each([['"'], ['a:'], ['-'], [','], ['param.'], ['\\'], ['NOT '], ['x "'], ['((']])(
    'takes no more time for 100 kB of %j than to see that it is too long',
    (piece) => {
      const parsed = parse(piece.repeat(100_000 / piece.length));
      expect(parsed).toMatchObject({ ok: false, faults: [{ code: 'too_long' }] });
    },
  );
});
