import { eventsQuerySchema } from './events.schema';

const faultsOf = (query: Record<string, unknown>) =>
  (eventsQuerySchema.safeParse(query).error?.issues ?? []).map((issue) => issue.path.join('.'));

describe('the parameters of the event list', () => {
  it('are all optional, fifty events a page', () => {
    expect(eventsQuerySchema.parse({})).toEqual({ limit: 50 });
  });

  it('turn instants into milliseconds, whatever their zone', () => {
    expect(eventsQuerySchema.parse({ from: '2026-11-23T10:00:00+01:00', limit: '500' })).toEqual({
      from: Date.UTC(2026, 10, 23, 9),
      limit: 500,
    });
  });

  it.each(['0', '-1', '501', '1e9', 'NaN', '10;', '0x10', '', ' 5', ['1', '2']])('refuse the limit %p', (limit) => {
    expect(faultsOf({ limit })).toEqual(['limit']);
  });

  it.each(['now', '2026-11-23', '2026-11-23T10:00:00', '2026-02-31T00:00:00Z', '+275760-09-13T00:00:00Z', ''])(
    'refuse the instant %p',
    (from) => {
      expect(faultsOf({ from })).toEqual(['from']);
    },
  );

  it('refuse a span that ends before it begins', () => {
    expect(faultsOf({ from: '2026-11-23T10:00:00Z', to: '2026-11-23T09:00:00Z' })).toEqual(['from']);
  });

  it.each([
    ['area', 'nonsense'],
    ['action', 'workflows.workflow_executed'],
    ['category', 'user actions'],
    ['actor', 'a\0b'],
    ['workspace', ''],
    ['cursor', 'x'.repeat(513)],
  ])('refuse a %s that cannot be', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([name]);
  });
});
