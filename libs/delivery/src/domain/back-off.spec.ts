// How long a lane waits before it tries again.
import { backOffMs } from './back-off';
import { defaultKnobs } from './knobs';

describe('the back-off', () => {
  const longest = () => 1;

  it('doubles from one second to five minutes', () => {
    const waits = [1, 2, 3, 9, 10, 1_000].map((attempt) => backOffMs(attempt, undefined, defaultKnobs, longest));
    expect(waits).toEqual([1_000, 2_000, 4_000, 256_000, 300_000, 300_000]);
  });

  it('spreads over the whole span, so that a thousand destinations do not knock at once', () => {
    expect(backOffMs(5, undefined, defaultKnobs, () => 0.25)).toBe(4_000);
  });

  it.each([
    ['is a floor', 60_000, 60_000],
    ['of more than an hour is an hour', 86_400_000, 3_600_000],
    ['below zero asks for nothing', -5, 1_000],
    ['that is no number asks for nothing', Number.NaN, 1_000],
  ])('Retry-After %s', (_, afterMs, expected) => {
    expect(backOffMs(1, afterMs, defaultKnobs, longest)).toBe(expected);
  });
});
