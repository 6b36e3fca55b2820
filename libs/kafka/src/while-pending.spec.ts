import { whilePending } from './while-pending';

describe('whilePending', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('beats while the work is pending, and stops with it', async () => {
    const beat = jest.fn();
    const work = Promise.withResolvers<string>();
    const watched = whilePending(work.promise, beat, { everyMs: 10, atMostMs: 1_000 });
    jest.advanceTimersByTime(35);
    expect(beat).toHaveBeenCalledTimes(3);
    work.resolve('done');
    await expect(watched).resolves.toBe('done');
    jest.advanceTimersByTime(1_000);
    expect(beat).toHaveBeenCalledTimes(3);
  });

  it('falls silent when the work takes too long, so that the group gives its partition to another process', () => {
    const beat = jest.fn();
    void whilePending(new Promise(() => undefined), beat, { everyMs: 10, atMostMs: 50 });
    jest.advanceTimersByTime(10_000);
    expect(beat).toHaveBeenCalledTimes(5);
  });
});
