// The heap of times.
import * as fc from 'fast-check';
import { Wakes } from './wakes';

describe('wakes', () => {
  it('come in the order of their times, and none before its time', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 1_000 })), fc.nat({ max: 1_000 }), (times, now) => {
        const wakes = new Wakes<number>();
        for (const time of times) wakes.add(time, time);
        const came: number[] = [];
        for (let wake = wakes.due(now); wake; wake = wakes.due(now)) came.push(wake.at);
        expect(came).toEqual(times.filter((time) => time <= now).sort((a, b) => a - b));
        const later = times.filter((time) => time > now);
        expect(wakes.next).toBe(later.length > 0 ? Math.min(...later) : undefined);
      }),
    );
  });
});
