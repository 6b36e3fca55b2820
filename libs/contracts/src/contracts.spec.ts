// Holds the public contract still: the catalogue's size and keys, the event schema, the headers' round trip.
import {
  actorLabel,
  auditEventSchema,
  catalogue,
  catalogueEntry,
  categories,
  decodeAcceptedHeaders,
  decodeRejectedHeaders,
  decodeStoredHeaders,
  encodeRejectedHeaders,
  encodeStoredHeaders,
  isNeverAudited,
  parseInstant,
  partitionOf,
  type StoredHeaders,
} from './index';

const actions = catalogue.flatMap((area) => area.actions.map((action) => ({ area: area.key, ...action })));

describe('the catalogue', () => {
  it('has 14 areas, 92 actions and 3 categories, each key once and under its area', () => {
    expect(catalogue).toHaveLength(14);
    expect(actions).toHaveLength(92);
    expect(new Set(actions.map((action) => action.key)).size).toBe(92);
    expect(actions.filter((action) => !action.key.startsWith(`${action.area}.`))).toEqual([]);
    expect([...new Set(actions.map((action) => action.category))].sort()).toEqual([...categories].sort());
  });

  it('finds an entry by its key and nothing by another', () => {
    expect(catalogueEntry('workflows.workflow_created')).toMatchObject({ area: 'workflows', name: 'Workflow created' });
    expect(catalogueEntry('toString')).toBeUndefined();
  });

  it.each([
    'workflows.workflow_executed',
    'workflows.workflow_action_updated',
    'tables.table_record_updated',
    'cases.case_updated',
  ])('knows that %s is never audited', (action) => expect(isNeverAudited(action)).toBe(true));

  it('counts no action of the catalogue among those never audited, and no misspelling', () => {
    expect(actions.filter((action) => isNeverAudited(action.key))).toEqual([]);
    expect(isNeverAudited('workflows.workflow_craeted')).toBe(false);
  });
});

describe('the event schema', () => {
  const event = {
    tenantId: 'acme',
    action: 'workflows.workflow_created',
    occurredAt: '2026-11-23T10:00:00Z',
    actor: { type: 'user', email: 'jane@acme.test' },
  };
  it('takes the smallest event', () => expect(auditEventSchema.safeParse(event).success).toBe(true));
  it.each([
    ['an unknown field', { ...event, extra: 1 }],
    ['a user without e-mail', { ...event, actor: { type: 'user' } }],
    ['a tenant with a slash', { ...event, tenantId: '../acme' }],
    ['nested parameters', { ...event, parameters: { a: { b: 1 } } }],
    ['a time without zone', { ...event, occurredAt: '2026-11-23T10:00:00' }],
  ])('refuses %s', (_, wrong) => expect(auditEventSchema.safeParse(wrong).success).toBe(false));
  it('lets machines go without e-mail and still names them', () => {
    const parsed = auditEventSchema.parse({ ...event, actor: { type: 'system', name: 'scheduler' } });
    expect(actorLabel(parsed.actor)).toBe('scheduler');
    expect(actorLabel({ type: 'system' })).toBe('system');
  });
});

describe('parseInstant', () => {
  it.each([
    ['2026-11-23T10:00:00Z', Date.UTC(2026, 10, 23, 10)],
    ['2026-11-23T10:00:00.125+14:00', Date.UTC(2026, 10, 22, 20, 0, 0, 125)],
    ['2024-02-29T00:00:00Z', Date.UTC(2024, 1, 29)],
  ])('reads %s', (text, ms) => expect(parseInstant(text)).toBe(ms));
  it.each([
    '2026-02-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-11-23T24:00:00Z',
    '2026-11-23T25:00:00Z',
    '2016-12-31T23:59:60Z',
    'now',
    '1700000000',
    '2026-11-23',
  ])('refuses %s', (text) => expect(parseInstant(text)).toBeUndefined());
});

describe('headers', () => {
  const stored: StoredHeaders = {
    tenant: 'acme',
    id: 'é-1',
    contentHash: 'x'.repeat(43),
    action: 'users.user_invited',
    area: 'users',
    category: 'User actions',
    occurredAt: 1,
    receivedAt: 2,
    workspace: '',
    actor: 'jane@acme.test',
    clockSkew: true,
    seq: 7,
    acceptedOffset: 41,
  };
  it('survive the round trip', () => {
    expect(decodeStoredHeaders(encodeStoredHeaders(stored))).toEqual(stored);
    for (const previous of [-1, 40]) {
      expect(decodeStoredHeaders(encodeStoredHeaders({ ...stored, previous }))).toEqual({ ...stored, previous });
    }
    const rejected = {
      reason: 'too_old' as const,
      detail: 'older than 30 days',
      topic: 'audit.events',
      partition: 3,
      offset: 9,
      lastOffset: 9,
      timestamp: 5,
      tenant: '',
      action: '',
    };
    expect(decodeRejectedHeaders(encodeRejectedHeaders(rejected))).toEqual(rejected);
  });
  it('are refused when one is missing or malformed', () => {
    const good = encodeStoredHeaders(stored);
    expect(decodeStoredHeaders({ ...good, seq: 'seven' })).toBeUndefined();
    expect(decodeAcceptedHeaders({ ...good, contentHash: 'short' })).toBeUndefined();
    expect(decodeAcceptedHeaders({})).toBeUndefined();
    expect(
      decodeRejectedHeaders({
        reason: 'because',
        topic: 't',
        partition: '0',
        offset: '0',
        lastOffset: '0',
        timestamp: '0',
      }),
    ).toBeUndefined();
  });
});

describe('partitionOf', () => {
  it('stays where tenants were put', () => {
    expect(['acme', 'globex', 'a', 'ab', 'abc', 'é', 'tenant-12345'].map((key) => partitionOf(key, 12))).toEqual([
      0, 7, 4, 2, 3, 3, 7,
    ]);
  });
});
