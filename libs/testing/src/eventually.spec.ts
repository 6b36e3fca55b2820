import { eventually } from './eventually';

describe('eventually', () => {
  it('hands back the first answer that is one', async () => {
    const answers = [false, undefined, 0, 1];
    expect(await eventually(() => answers.shift(), { everyMs: 1 })).toBe(0);
  });

  it('forgives what throws, until time is up; then it shows the last failure and how long it waited', async () => {
    let calls = 0;
    const check = (): never => {
      calls += 1;
      throw new Error(`failure ${calls}`);
    };

    await expect(eventually(check, { timeoutMs: 30, everyMs: 1 })).rejects.toThrow(/^not within 30 ms: failure \d+$/);
    expect(calls).toBeGreaterThan(1);
  });
});
