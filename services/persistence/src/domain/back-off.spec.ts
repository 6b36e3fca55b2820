// Holds that waits grow, stay capped and use the whole range below.
import { backOffMs } from './back-off';

describe('backOffMs', () => {
  it('doubles its ceiling up to 15 s and picks anywhere below it', () => {
    expect([1, 2, 3].map((failures) => backOffMs(failures, 1))).toEqual([100, 200, 400]);
    expect(backOffMs(1000, 1)).toBe(15_000);
    expect(backOffMs(5, 0)).toBe(0);
  });
});
