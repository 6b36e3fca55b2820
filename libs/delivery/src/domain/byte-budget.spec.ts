// The bound on memory that lanes share.
import { ByteBudget } from './byte-budget';

describe('a byte budget', () => {
  it('grants those who wait in their order, as soon as there is room for the first of them', () => {
    const budget = new ByteBudget(100);
    const granted: string[] = [];
    expect(budget.take(80, () => undefined)).toBe(true);
    expect(budget.take(50, () => granted.push('first'))).toBe(false);
    expect(budget.take(10, () => granted.push('second'))).toBe(false);
    budget.give(20);
    expect(granted).toEqual([]);
    budget.give(20);
    expect(granted).toEqual(['first', 'second']);
    expect(budget.inUse).toBe(100);
  });

  it('lets what is larger than itself through alone', () => {
    const budget = new ByteBudget(10);
    expect(budget.take(50, () => undefined)).toBe(true);
    expect(budget.fits(1)).toBe(false);
  });
});
