// Retry-After as receivers write it.
import { retryAfterMs } from './retry-after';

const now = Date.parse('2026-11-23T20:00:00Z');
const date = 'Mon, 23 Nov 2026 20:00:00 GMT';

describe('Retry-After', () => {
  it.each([
    ['0', 0],
    ['7', 7_000],
    [' 120 ', 120_000],
    ['3600', 3_600_000],
    ['86400', 3_600_000],
    ['9999999999', 3_600_000],
  ])('reads %j as seconds, an hour at most', (value, ms) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toBe(ms);
  });

  it.each([
    ['Mon, 23 Nov 2026 20:00:30 GMT', 30_000],
    ['Monday, 23-Nov-26 20:00:30 GMT', 30_000],
    ['Mon Nov 23 20:00:30 2026', 30_000],
    ['Mon, 23 Nov 2026 23:59:59 GMT', 3_600_000],
    ['Mon, 23 Nov 2026 19:00:00 GMT', 0],
  ])('reads the HTTP-date %j', (value, ms) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toBe(ms);
  });

  it("reads a date against the answer's own clock, whatever ours says", () => {
    const headers = { 'retry-after': 'Mon, 23 Nov 2026 20:00:30 GMT', date };
    expect(retryAfterMs(headers, now + 86_400_000)).toBe(30_000);
  });

  it.each([
    ['-1'],
    ['soon'],
    ['1.5'],
    [''],
    ['2026-11-23T20:00:30Z'],
    ['99999999999'],
    ['Mon, 99 Foo 2026 20:00:30 GMT'],
  ])('ignores %j', (value) => {
    expect(retryAfterMs({ 'retry-after': value }, now)).toBeUndefined();
  });

  it('is undefined where the header is missing', () => {
    expect(retryAfterMs({}, now)).toBeUndefined();
  });
});
