import { TestLimit } from './test-limit';

describe('the limit of connection tests', () => {
  it('holds for each tenant alone and opens again after a minute', () => {
    let now = 0;
    const limit = new TestLimit(2, () => now);
    expect([limit.take('a'), limit.take('a')]).toEqual([0, 0]);
    now = 10_000;
    expect(limit.take('a')).toBe(50);
    expect(limit.take('b')).toBe(0);
    now = 60_001;
    expect(limit.take('a')).toBe(0);
  });
});
