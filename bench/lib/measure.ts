// Times a process that moves events: from the first that came out to the last, so that neither its start nor an empty wait counts.
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '@auditlane/testing';
import { usageOf, usedSince } from './usage';

export interface Measured {
  readonly eventsPerSecond: number;
  readonly cpuSeconds: number;
  readonly microsecondsEach: number;
  /** The highest of the whole process life. */
  readonly peakRssMb: number;
}

const givingUpMs = 600_000;

/** `count` says how many events have come out so far; resolves once it has grown by `expected`. The child runs on. */
export async function measure<C extends Child>(
  start: () => Promise<C> | C,
  count: () => Promise<number>,
  expected: number,
): Promise<{ readonly child: C; readonly measured: Measured }> {
  const before = await count();
  const child = await start();
  let first: { at: number; count: number; usage: ReturnType<typeof usageOf> } | undefined;
  const deadline = performance.now() + givingUpMs;
  for (;;) {
    const done = (await count()) - before;
    const at = performance.now();
    if (done > 0) first ??= { at, count: done, usage: usageOf(child.pid) };
    if (first && done >= expected) {
      const { cpuSeconds, peakRssMb } = usedSince(child.pid, first.usage);
      const counted = Math.max(1, done - first.count);
      const measured = {
        eventsPerSecond: (counted / (at - first.at)) * 1000,
        cpuSeconds,
        microsecondsEach: (cpuSeconds / counted) * 1e6,
        peakRssMb,
      };
      return { child, measured };
    }
    if (!child.isRunning() || at > deadline) {
      throw new Error(
        `${child.label} got to ${done} of ${expected}, then ${child.isRunning() ? 'time was up' : 'ended'}:\n${child.tail()}`,
      );
    }
    await pause(25);
  }
}
