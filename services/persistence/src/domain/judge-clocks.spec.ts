// Holds when a stored day may be written (docs/adr/0001).
import { clocksAgree } from './judge-clocks';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 23, 12);

describe('clocksAgree', () => {
  it('accepts a fresh record', () => {
    expect(clocksAgree({ database: now, service: now, newestRecord: now - 50 })).toBe(true);
    expect(clocksAgree({ database: now, service: now, newestRecord: now + hour })).toBe(true);
  });

  it('refuses a database that is behind the record, whatever this process believes', () => {
    expect(clocksAgree({ database: now - 2 * hour, service: now - 2 * hour, newestRecord: now })).toBe(false);
  });

  it('accepts an old record (a backlog) where this process bears the database out', () => {
    expect(clocksAgree({ database: now, service: now + hour, newestRecord: now - 100 * hour })).toBe(true);
  });

  it('refuses a database that runs ahead of the record and of this process', () => {
    expect(clocksAgree({ database: now + 2 * hour, service: now, newestRecord: now })).toBe(false);
  });
});
