// Rows H1 to H30 of the hostile input list as records, each with its single outcome. Where nothing is said of a limit, an id, a tenant,
// a key or a name beyond the producer contract, the contract decides: a strange event that keeps it is stored as it was said.
import type { IncomingHeaders, QuarantineReason } from '@auditlane/contracts';

export type HostileRow = `H${number}`;

export interface HostileRecord {
  readonly row: HostileRow;
  readonly title: string;
  readonly value: Buffer | null;
  readonly headers?: IncomingHeaders;
  readonly key?: string;
  /** This record stands for a batch that the transport could not read. */
  readonly undecodable?: { readonly lastOffset: number; readonly error: string };
  /** Needs a service that was given a list of tenants. */
  readonly registeredTenants?: readonly string[];
  readonly outcome: 'accepted' | QuarantineReason;
}

/** When the records are taken to have arrived, unless the test produces them for real. */
export const arrival = Date.parse('2026-11-23T10:00:00.000Z');
const hour = 3_600_000;
const day = 24 * hour;

export type Fields = Readonly<Record<string, unknown>>;

/** A valid event that happened shortly before `now`. */
export function sampleEvent(overrides: Fields = {}, now = arrival): Fields {
  return {
    id: 'evt-1',
    tenantId: 'acme',
    action: 'workflows.workflow_created',
    occurredAt: new Date(now - 1_000).toISOString(),
    actor: { type: 'user', email: 'jane@acme.test', id: 'u-1', name: 'Jane' },
    workspace: { id: 'ws-1', name: 'Production' },
    parameters: { workflowName: 'Nightly sync', version: 3, tags: ['a', 'b'], enabled: true },
    details: 'Created from a template',
    context: { ip: '203.0.113.7', userAgent: 'curl/8', requestId: 'r-1', traceId: 't-1' },
    schemaVersion: 1,
    ...overrides,
  };
}

const utf8 = (text: string): Buffer => Buffer.from(text);

/** An event whose JSON text takes exactly `bytes`, filled up by parameters. */
export function eventOfSize(bytes: number, now = arrival): Buffer {
  const parameters: Record<string, string> = { p: '' };
  const build = () => utf8(JSON.stringify(sampleEvent({ parameters }, now)));
  const [perParameter, longest] = [',"p00":""'.length, 8_000];
  for (let index = 10; bytes - build().length > 2 * longest; index++) parameters[`p${index}`] = 'x'.repeat(longest);
  const missing = bytes - build().length;
  parameters['p99'] = 'x'.repeat(Math.floor(missing / 2) - perParameter);
  parameters['p'] = 'x'.repeat(Math.ceil(missing / 2));
  return build();
}

/** The rows around `now`: instants are relative to it, so that the same rows can be produced to a real topic. */
export function hostileRecords(now = arrival): readonly HostileRecord[] {
  const event = (overrides: Fields = {}) => utf8(JSON.stringify(sampleEvent(overrides, now)));
  const at = (ms: number) => new Date(now + ms).toISOString();
  const json = JSON.stringify(sampleEvent({}, now));
  /** Text that JSON.stringify would not write, put right after the opening brace. */
  const withFirst = (member: string, overrides: Fields = {}) =>
    utf8(`{${member},${JSON.stringify(sampleEvent(overrides, now)).slice(1)}`);
  const withNumber = (token: string) => withFirst(`"parameters":{"n":${token}}`, { parameters: undefined });
  const nested = (levels: number) => utf8(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`);
  const manyKeys = (count: number, prefix: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 1]));
  const text = (row: HostileRow, title: string, said: string): HostileRecord[] => [
    { row, title: `${title} in details`, value: event({ details: said }), outcome: 'accepted' },
    {
      row,
      title: `${title} in a parameter and in the actor's name`,
      value: event({ parameters: { [said]: said }, actor: { type: 'user', email: 'jane@acme.test', name: said } }),
      outcome: 'accepted',
    },
  ];
  const occurred = (title: string, occurredAt: unknown, outcome: HostileRecord['outcome']): HostileRecord => ({
    row: 'H17',
    title,
    value: event({ occurredAt }),
    outcome,
  });

  return [
    { row: 'H1', title: 'an empty value', value: Buffer.alloc(0), outcome: 'empty_value' },
    { row: 'H1', title: 'blanks only', value: utf8(' \n\t'), outcome: 'malformed_json' },
    { row: 'H2', title: 'a tombstone', value: null, outcome: 'empty_value' },
    ...['null', '[]', '"x"', '42', 'true', `[${json}]`].map((value): HostileRecord => ({
      row: 'H3',
      title: `${value.slice(0, 12)} as top level`,
      value: utf8(value),
      outcome: 'not_an_object',
    })),
    { row: 'H4', title: 'truncated JSON', value: utf8(json.slice(0, -20)), outcome: 'malformed_json' },
    { row: 'H4', title: 'JSON cut inside a string', value: utf8(json.slice(0, 40)), outcome: 'malformed_json' },
    { row: 'H4', title: 'two objects in one record', value: utf8(json + json), outcome: 'malformed_json' },
    { row: 'H4', title: 'a raw line break in a string', value: utf8('{"a":"b\nc"}'), outcome: 'malformed_json' },
    {
      row: 'H5',
      title: 'an overlong encoding (C0 AF)',
      value: Buffer.concat([utf8(json.slice(0, -2)), Buffer.from([0xc0, 0xaf]), utf8('"}')]),
      outcome: 'invalid_utf8',
    },
    { row: 'H5', title: 'a lone continuation byte', value: Buffer.from([0x7b, 0x80, 0x7d]), outcome: 'invalid_utf8' },
    {
      row: 'H5',
      title: 'UTF-16 with a byte order mark',
      value: Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(json, 'utf16le')]),
      outcome: 'invalid_utf8',
    },
    { row: 'H5', title: 'UTF-16 without one', value: Buffer.from(json, 'utf16le'), outcome: 'malformed_json' },
    { row: 'H5', title: 'a UTF-8 byte order mark', value: utf8(`\ufeff${json}`), outcome: 'malformed_json' },
    { row: 'H6', title: '\\u0000 in details', value: event({ details: 'a\0b' }), outcome: 'nul_character' },
    {
      row: 'H6',
      title: '\\u0000 in a parameter',
      value: event({ parameters: { a: ['x', '\0'] } }),
      outcome: 'nul_character',
    },
    { row: 'H6', title: '\\u0000 in a key', value: event({ parameters: { 'a\0': 1 } }), outcome: 'nul_character' },
    {
      row: 'H6',
      title: 'an escaped backslash before u0000',
      value: event({ details: '\\u0000' }),
      outcome: 'accepted',
    },
    {
      row: 'H7',
      title: 'a lone high surrogate',
      value: withFirst('"details":"\\ud800"', { details: undefined }),
      outcome: 'lone_surrogate',
    },
    {
      row: 'H7',
      title: 'a lone low surrogate in a key',
      value: withFirst('"parameters":{"\\udc00":1}', { parameters: undefined }),
      outcome: 'lone_surrogate',
    },
    {
      row: 'H7',
      title: 'a surrogate pair in escapes',
      value: withFirst('"details":"\\ud83d\\ude00"', { details: undefined }),
      outcome: 'accepted',
    },
    ...['1e999', '-1e999', '1e200000', '-0', '-0.0', '9007199254740993', '1e-400', '0.1000000000000000055'].map(
      (token): HostileRecord => ({
        row: 'H8',
        title: `the number ${token}`,
        value: withNumber(token),
        outcome: 'number_not_exact',
      }),
    ),
    ...['0', '0.1', '1.0', '1e2', '-0.5', '9007199254740992', '1.7976931348623157e308', '5e-324'].map(
      (token): HostileRecord => ({
        row: 'H8',
        title: `the number ${token}`,
        value: withNumber(token),
        outcome: 'accepted',
      }),
    ),
    { row: 'H9', title: 'two tenants', value: withFirst('"tenantId":"other"'), outcome: 'duplicate_key' },
    { row: 'H9', title: 'the same tenant twice', value: withFirst('"tenantId":"acme"'), outcome: 'duplicate_key' },
    {
      row: 'H9',
      title: 'two tenants, one escaped',
      value: withFirst('"tenant\\u0049d":"other"'),
      outcome: 'duplicate_key',
    },
    {
      row: 'H9',
      title: 'a parameter that stands twice',
      value: withFirst('"parameters":{"a":1,"a":2}', { parameters: undefined }),
      outcome: 'duplicate_key',
    },
    {
      row: 'H9',
      title: "an actor's e-mail that stands twice",
      value: withFirst('"actor":{"type":"user","email":"a@b","email":"c@d"}', { actor: undefined }),
      outcome: 'duplicate_key',
    },
    {
      row: 'H10',
      title: '__proto__ at the top',
      value: withFirst('"__proto__":{"polluted":true}'),
      outcome: 'forbidden_key',
    },
    {
      row: 'H10',
      title: '__proto__ in the actor',
      value: withFirst('"actor":{"type":"user","email":"a@b","__proto__":{"polluted":true}}', { actor: undefined }),
      outcome: 'forbidden_key',
    },
    {
      row: 'H10',
      title: '__proto__ among the parameters, escaped',
      value: withFirst('"parameters":{"\\u005f_proto__":"x"}', { parameters: undefined }),
      outcome: 'forbidden_key',
    },
    {
      row: 'H10',
      title: 'constructor.prototype',
      value: event({ parameters: { constructor: { prototype: { polluted: true } } } }),
      outcome: 'forbidden_key',
    },
    {
      row: 'H10',
      title: 'prototype as a parameter',
      value: event({ parameters: { prototype: 'x' } }),
      outcome: 'forbidden_key',
    },
    { row: 'H11', title: '33 levels', value: nested(33), outcome: 'too_deep' },
    { row: 'H11', title: '10,000 levels', value: nested(10_000), outcome: 'too_deep' },
    { row: 'H11', title: '200,000 levels of arrays', value: utf8('['.repeat(200_000)), outcome: 'too_deep' },
    { row: 'H11', title: '8 levels that are no event', value: nested(8), outcome: 'schema_invalid' },
    { row: 'H12', title: '100,000 keys', value: utf8(JSON.stringify(manyKeys(100_000, ''))), outcome: 'too_large' },
    { row: 'H12', title: '20,000 keys', value: utf8(JSON.stringify(manyKeys(20_000, 'k'))), outcome: 'schema_invalid' },
    { row: 'H12', title: '100 parameters', value: event({ parameters: manyKeys(100, 'k') }), outcome: 'accepted' },
    {
      row: 'H12',
      title: '101 parameters',
      value: event({ parameters: manyKeys(101, 'k') }),
      outcome: 'schema_invalid',
    },
    { row: 'H13', title: 'a string of 900 kB', value: event({ details: 'x'.repeat(900_000) }), outcome: 'too_large' },
    {
      row: 'H13',
      title: 'details of 200 kB',
      value: event({ details: 'x'.repeat(200_000) }),
      outcome: 'schema_invalid',
    },
    {
      row: 'H13',
      title: 'details of exactly 8 KiB',
      value: event({ details: 'x'.repeat(8_192) }),
      outcome: 'accepted',
    },
    {
      row: 'H13',
      title: 'details of 8 KiB and a byte',
      value: event({ details: `${'x'.repeat(8_190)}é.` }),
      outcome: 'schema_invalid',
    },
    { row: 'H14', title: 'one byte below the limit', value: eventOfSize(256 * 1024 - 1, now), outcome: 'accepted' },
    { row: 'H14', title: 'exactly the limit', value: eventOfSize(256 * 1024, now), outcome: 'accepted' },
    { row: 'H14', title: 'one byte above the limit', value: eventOfSize(256 * 1024 + 1, now), outcome: 'too_large' },
    { row: 'H15', title: 'no tenant', value: event({ tenantId: undefined }), outcome: 'schema_invalid' },
    ...['', '../', 'a%00', 'a b', 'x'.repeat(300), 'café', 'café'.normalize('NFD')].map((tenantId): HostileRecord => ({
      row: 'H15',
      title: `the tenant ${JSON.stringify(tenantId.slice(0, 10))}`,
      value: event({ tenantId }),
      outcome: 'schema_invalid',
    })),
    { row: 'H15', title: 'a tenant that is a number', value: event({ tenantId: 7 }), outcome: 'schema_invalid' },
    {
      row: 'H15',
      title: 'a tenant nobody has heard of, without a list',
      value: event({ tenantId: 'Acme' }),
      outcome: 'accepted',
    },
    {
      row: 'H15',
      title: 'a tenant that differs in case from the registered one',
      value: event({ tenantId: 'Acme' }),
      registeredTenants: ['acme'],
      outcome: 'tenant_not_registered',
    },
    { row: 'H15', title: 'a registered tenant', value: event(), registeredTenants: ['acme'], outcome: 'accepted' },
    { row: 'H16', title: 'no id', value: event({ id: undefined }), outcome: 'accepted' },
    { row: 'H16', title: 'an id that is no UUID', value: event({ id: 'order 66' }), outcome: 'accepted' },
    {
      row: 'H16',
      title: 'the nil UUID',
      value: event({ id: '00000000-0000-0000-0000-000000000000' }),
      outcome: 'accepted',
    },
    {
      row: 'H16',
      title: 'the id of another event in upper case: an id of its own',
      value: event({ id: 'EVT-1' }),
      outcome: 'accepted',
    },
    {
      row: 'H16',
      title: 'the id of an event of another tenant',
      value: event({ tenantId: 'globex' }),
      outcome: 'accepted',
    },
    { row: 'H16', title: 'an empty id', value: event({ id: '' }), outcome: 'schema_invalid' },
    { row: 'H16', title: 'an id of 129 characters', value: event({ id: 'x'.repeat(129) }), outcome: 'schema_invalid' },
    occurred('the word now', 'now', 'schema_invalid'),
    occurred('seconds since the epoch', Math.trunc(now / 1000), 'schema_invalid'),
    occurred('milliseconds since the epoch', now, 'schema_invalid'),
    occurred('the year 0000', '0000-01-01T00:00:00Z', 'too_old'),
    occurred('the year 9999', '9999-12-31T23:59:59.999Z', 'accepted'),
    occurred('the year 275760', '+275760-09-13T00:00:00.000Z', 'schema_invalid'),
    occurred('a leap second', '2016-12-31T23:59:60Z', 'schema_invalid'),
    occurred('no zone', at(-hour).slice(0, -1), 'schema_invalid'),
    occurred('the zone +14:00', at(13 * hour).replace('Z', '+14:00'), 'accepted'),
    occurred('the zone +14:60', at(13 * hour).replace('Z', '+14:60'), 'schema_invalid'),
    occurred('31 February', '2026-02-31T00:00:00Z', 'schema_invalid'),
    occurred('an empty text', '', 'schema_invalid'),
    { row: 'H18', title: 'eleven minutes ahead', value: event({ occurredAt: at(11 * 60_000) }), outcome: 'accepted' },
    { row: 'H18', title: 'a year ahead', value: event({ occurredAt: at(365 * day) }), outcome: 'accepted' },
    { row: 'H18', title: '29 days ago', value: event({ occurredAt: at(-29 * day) }), outcome: 'accepted' },
    { row: 'H18', title: '31 days ago', value: event({ occurredAt: at(-31 * day) }), outcome: 'too_old' },
    { row: 'H18', title: '30 years ago', value: event({ occurredAt: at(-30 * 365 * day) }), outcome: 'too_old' },
    {
      row: 'H19',
      title: 'the id of another event with another body: told apart by its hash',
      value: event({ details: 'another body' }),
      outcome: 'accepted',
    },
    ...text('H20', 'line breaks', 'a\r\nlevel=error msg="forged"'),
    ...text('H20', 'terminal escapes', '\x1b[2J\x1b[31m'),
    ...text('H20', 'bidi override and U+2028', '\u202egnp.exe\u2028'),
    {
      row: 'H20',
      title: 'an action with line breaks',
      value: event({ action: 'workflows.workflow_created\r\n' }),
      outcome: 'unknown_action',
    },
    {
      row: 'H20',
      title: 'an actor with NUL',
      value: event({ actor: { type: 'user', email: 'a\0@b' } }),
      outcome: 'nul_character',
    },
    ...text('H21', 'script', '<script>alert(1)</script>'),
    ...text('H21', 'template and lookup', '{{7*7}} ${jndi:ldap://x}'),
    ...text('H21', 'SQL and format marks', `'; DROP TABLE events; -- %n%s`),
    ...['999.1.1.1', '::ffff:1.2.3.4', 'fe80::1%eth0', 'host.example'].map((ip): HostileRecord => ({
      row: 'H22',
      title: `the address ${ip}`,
      value: event({ context: { ip } }),
      outcome: 'accepted',
    })),
    {
      row: 'H23',
      title: 'a password among the parameters: what was said is stored, and never logged',
      value: event({
        parameters: { password: 'hunter2-canary', authorization: 'Bearer canary', email: 'jane@acme.test' },
      }),
      outcome: 'accepted',
    },
    {
      row: 'H24',
      title: '1,000 headers',
      value: event(),
      headers: Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`h${index}`, Buffer.from('x')])),
      outcome: 'headers_refused',
    },
    {
      row: 'H24',
      title: 'a header of 500 kB',
      value: event(),
      headers: { big: Buffer.alloc(500_000, 'x') },
      outcome: 'headers_refused',
    },
    {
      row: 'H24',
      title: 'the header tenant twice',
      value: event(),
      headers: { tenant: [Buffer.from('acme'), Buffer.from('other')] },
      outcome: 'headers_refused',
    },
    {
      row: 'H24',
      title: 'the header tenant of another tenant',
      value: event(),
      headers: { tenant: Buffer.from('other') },
      outcome: 'tenant_header_conflict',
    },
    {
      row: 'H24',
      title: 'the header tenant of the same tenant',
      value: event(),
      headers: { tenant: Buffer.from('acme') },
      outcome: 'accepted',
    },
    { row: 'H25', title: 'no key', value: event(), outcome: 'accepted' },
    {
      row: 'H25',
      title: 'the key of another tenant: the event says whose it is',
      value: event(),
      key: 'globex',
      outcome: 'accepted',
    },
    {
      row: 'H26',
      title: 'a batch that cannot be decompressed',
      value: null,
      undecodable: { lastOffset: 541, error: 'decompressed size over the limit' },
      outcome: 'undecodable_batch',
    },
    ...[2, 0, -1, '1 ', '1', null].map((schemaVersion): HostileRecord => ({
      row: 'H27',
      title: `schemaVersion ${JSON.stringify(schemaVersion)}`,
      value: event({ schemaVersion }),
      outcome: 'schema_version_unsupported',
    })),
    {
      row: 'H29',
      title: 'bait for the e-mail pattern',
      value: event({ actor: { type: 'user', email: `${'a'.repeat(50_000)}!` } }),
      outcome: 'schema_invalid',
    },
    {
      row: 'H29',
      title: 'bait for the action pattern',
      value: event({ action: `${'a'.repeat(50_000)}!` }),
      outcome: 'unknown_action',
    },
    {
      row: 'H29',
      title: 'bait for the time pattern',
      value: event({ occurredAt: `2026-11-23T09:00:00.${'0'.repeat(50_000)}!` }),
      outcome: 'schema_invalid',
    },
    {
      row: 'H29',
      title: 'bait for the number reader',
      value: withNumber(`0.${'0'.repeat(100_000)}1`),
      outcome: 'number_not_exact',
    },
    {
      row: 'H29',
      title: 'bait for the string reader',
      value: utf8(`{"a":1,"a":"${'\\"'.repeat(60_000)}"}`),
      outcome: 'duplicate_key',
    },
    {
      row: 'H30',
      title: 'an action outside the catalogue',
      value: event({ action: 'workflows.made_up_4711' }),
      outcome: 'unknown_action',
    },
    { row: 'H30', title: 'a field outside the contract', value: event({ made_up_4711: 1 }), outcome: 'schema_invalid' },
    {
      row: 'H30',
      title: 'a content change',
      value: event({ action: 'workflows.workflow_executed' }),
      outcome: 'not_audited',
    },
  ];
}
