// The rule that no commit passes a record somebody still holds.
import * as fc from 'fast-check';
import { OffsetTracker } from './offset-tracker';

describe('the offset tracker', () => {
  it('stands at the committed offset until the first record is done', () => {
    const tracker = new OffsetTracker(7, 40);
    tracker.hold(tracker.add(7, 41));
    expect(tracker.position).toEqual({ offset: 7, acceptedOffset: 40 });
  });

  it('passes a record only when everybody who held it has released it', () => {
    const tracker = new OffsetTracker(0, -1);
    const slot = tracker.add(0, 5);
    tracker.hold(slot);
    tracker.hold(slot);
    tracker.release(slot);
    tracker.release(slot);
    expect(tracker.position.offset).toBe(0);
    tracker.release(slot);
    expect(tracker.position).toEqual({ offset: 1, acceptedOffset: 5 });
  });

  it('passes the whole range of a batch that nobody could read', () => {
    const tracker = new OffsetTracker(3, 1);
    tracker.release(tracker.add(12, 1));
    expect(tracker.position.offset).toBe(13);
  });

  it('refuses a second release: it would commit what somebody else still holds', () => {
    const tracker = new OffsetTracker(0, -1);
    const slot = tracker.add(0, 0);
    tracker.release(slot);
    expect(() => tracker.release(slot)).toThrow('released twice');
  });

  it('is always at the lowest record that is held, in whatever order records are released', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 300 }), (order) => {
        const tracker = new OffsetTracker(0, -1);
        const open = new Set(order.map((_, offset) => tracker.add(offset, offset)));
        for (const pick of order) {
          const slots = [...open];
          const slot = slots[pick % slots.length];
          if (slot === undefined) continue;
          tracker.release(slot);
          open.delete(slot);
          const lowest = Math.min(order.length, ...open);
          expect(tracker.position).toEqual({ offset: lowest, acceptedOffset: lowest - 1 });
        }
      }),
    );
  });

  it('keeps its slots right over a hundred thousand records', () => {
    const tracker = new OffsetTracker(0, -1);
    for (let offset = 0; offset < 100_000; offset++) tracker.release(tracker.add(offset, offset));
    expect(tracker.position).toEqual({ offset: 100_000, acceptedOffset: 99_999 });
    expect(tracker.open).toBe(0);
  });
});
