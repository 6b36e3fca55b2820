import { TestLimit } from './test-limit';

const granted = (limit: TestLimit, tenant: string): (() => void) | number => {
  const admission = limit.take(tenant);
  return admission.kind === 'granted' ? admission.release : admission.seconds;
};
const runAndEnd = (limit: TestLimit, tenant: string): number => {
  const release = granted(limit, tenant);
  if (typeof release === 'number') return release;
  release();
  return 0;
};

describe('the limit of connection tests', () => {
  it('holds for each tenant alone and opens again after a minute', () => {
    let now = 0;
    const limit = new TestLimit({ perMinute: 2, atOnce: 2 }, () => now);
    expect([runAndEnd(limit, 'a'), runAndEnd(limit, 'a')]).toEqual([0, 0]);
    now = 10_000;
    expect(runAndEnd(limit, 'a')).toBe(50);
    expect(runAndEnd(limit, 'b')).toBe(0);
    now = 60_001;
    expect(runAndEnd(limit, 'a')).toBe(0);
  });

  it('lets a tenant run no more than so many at once, and counts a release once', () => {
    const limit = new TestLimit({ perMinute: 100, atOnce: 2 });
    const first = granted(limit, 'a');
    const second = granted(limit, 'a');
    expect(granted(limit, 'a')).toBeGreaterThan(0);
    expect(typeof granted(limit, 'b')).toBe('function');
    for (const release of [first, first, first]) if (typeof release === 'function') release();
    expect(typeof granted(limit, 'a')).toBe('function');
    expect(granted(limit, 'a')).toBeGreaterThan(0);
    if (typeof second === 'function') second();
    expect(typeof granted(limit, 'a')).toBe('function');
  });
});
