// Holds that a flood of bad records fills neither the quarantine nor its tallies, and that nothing of it goes uncounted.
import * as fc from 'fast-check';
import { sourceRecord } from '../../test/accepted-records';
import { applyCaps, wholeDay } from './quarantine-caps';
import { keptDays, quarantineRow } from './quarantine-row';

const days = keptDays('2026-11-23', 30);
const row = (offset: number, tenant: string) =>
  quarantineRow(sourceRecord(offset, { tenant, receivedAt: Date.UTC(2026, 10, 23) }), 'unstorable', '', days);
const caps = { rowsPerTenantAndDay: 2, rowsPerDay: 3 };

describe('applyCaps', () => {
  it('keeps so many rows per tenant and per day, and counts the rest', () => {
    const rows = [row(0, 'a'), row(1, 'a'), row(2, 'a'), row(3, 'b'), row(4, 'c')];
    const { kept, tallies } = applyCaps(rows, [], caps);
    expect(kept.map(({ offset }) => offset)).toEqual([0, 1, 3]);
    expect(tallies).toEqual([
      { day: '2026-11-23', tenant: wholeDay, kept: 3, overflow: 2 },
      { day: '2026-11-23', tenant: 'a', kept: 2, overflow: 1 },
      { day: '2026-11-23', tenant: 'b', kept: 1, overflow: 0 },
    ]);
  });

  it('goes on from what was counted before', () => {
    const before = [{ day: '2026-11-23', tenant: 'a', kept: 2, overflow: 5 }];
    expect(applyCaps([row(9, 'a')], before, caps).tallies).toContainEqual({ ...before[0], overflow: 6 });
  });

  it('counts names that are no tenant ids together', () => {
    const { tallies } = applyCaps([row(0, '*'), row(1, 'a b')], [], caps);
    expect(tallies.map(({ tenant, kept }) => [tenant, kept])).toEqual([
      [wholeDay, 2],
      ['', 2],
    ]);
  });

  it('keeps and counts every row exactly once, with no more tallies than rows kept', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 3 })), (tenants) => {
        const { kept, tallies } = applyCaps(
          tenants.map((tenant, offset) => row(offset, tenant)),
          [],
          caps,
        );
        const all = tallies.find(({ tenant }) => tenant === wholeDay) ?? { kept: 0, overflow: 0 };
        expect(all.kept).toBe(kept.length);
        expect(all.kept + all.overflow).toBe(tenants.length);
        expect(tallies.length).toBeLessThanOrEqual(1 + kept.length + caps.rowsPerDay);
      }),
    );
  });
});

describe('quarantineRow', () => {
  it('keeps the first 4 KiB, the hash and the size of the whole value, and text that PostgreSQL takes', () => {
    const made = quarantineRow(
      sourceRecord(7, {}, { value: Buffer.alloc(5000, 1), headers: { tenant: 'a\0b', action: 'x'.repeat(999) } }),
      'unstorable',
      '\ud800',
      days,
    );
    expect(made.excerpt).toHaveLength(4096);
    expect(made.valueBytes).toBe(5000);
    expect(made.valueSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(made.tenant).toBe('a\u{fffd}b');
    expect(made.action).toHaveLength(256);
    expect(made.detail).toBe('\u{fffd}');
  });

  it('files strange times under the nearest day that is kept', () => {
    expect(days.of(0)).toBe('2026-10-24');
    expect(days.of(Date.UTC(2999, 0, 1))).toBe('2026-11-24');
    expect(days.of(Date.UTC(2026, 10, 20, 23, 59))).toBe('2026-11-20');
  });
});
