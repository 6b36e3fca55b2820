import { eventJson, pageJson } from './event-json';
import { eventQuery, pageQuery } from './event-sql';

const page = { tenant: 'acme', filter: {}, upTo: 77, limit: 50, maxBytes: 1000 };
const conditions = (text: string): string => text.replaceAll(/\s+/g, ' ').replace(/.*? where (.*?) order by .*/, '$1');

describe('the SQL of a page', () => {
  it('names the tenant and the end of the walk first', () => {
    const { text, values } = pageQuery(page);
    expect(conditions(text)).toBe('tenant_id = $1 and seq <= $2');
    expect(values).toEqual(['acme', 77, 51, 1000, 50]);
  });

  it('adds a condition for each part of the filter, every value a parameter', () => {
    const hostile = `x'; drop table audit.events; --`;
    const { text, values } = pageQuery({
      ...page,
      filter: {
        area: 'cases',
        action: 'cases.case_viewed',
        category: 'User actions',
        workspace: hostile,
        actor: '%',
        from: 1,
        to: 2,
      },
      after: { occurredAtMicros: '123', seq: 9 },
    });
    expect(conditions(text)).toBe(
      'tenant_id = $1 and seq <= $2 and area = $3 and action = $4 and category = $5 and workspace = $6 and actor = $7 ' +
        'and occurred_at >= to_timestamp($8::bigint / 1000.0) and occurred_at < to_timestamp($9::bigint / 1000.0) ' +
        "and (occurred_at, seq) < ('epoch'::timestamptz + $10::bigint * interval '1 microsecond', $11)",
    );
    expect(values).toEqual([
      'acme',
      77,
      'cases',
      'cases.case_viewed',
      'User actions',
      hostile,
      '%',
      1,
      2,
      '123',
      9,
      51,
      1000,
      50,
    ]);
    expect(text).not.toContain('drop');
  });

  it('asks for one event by tenant and id together', () => {
    expect(eventQuery('acme', 'e-1').values).toEqual(['acme', 'e-1']);
  });
});

describe('the JSON of an event', () => {
  const event = { seq: 3, area: 'cases', category: 'User actions', canonical: '{"b":1.0,"10":"ä","id":"e"}' };

  it('is the stored bytes with area, category and seq at the end', () => {
    expect(eventJson(event)).toBe('{"b":1.0,"10":"ä","id":"e","area":"cases","category":"User actions","seq":3}');
  });

  it('stands in a page with the cursor of the next', () => {
    expect(JSON.parse(pageJson([event, event], 'abc'))).toMatchObject({
      items: [{ seq: 3 }, { seq: 3 }],
      nextCursor: 'abc',
    });
    expect(pageJson([], null)).toBe('{"items":[],"nextCursor":null}');
  });
});
