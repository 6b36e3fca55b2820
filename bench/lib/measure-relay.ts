// Times a process that reads one topic and writes another: from its first output to its last.
import { setTimeout as pause } from 'node:timers/promises';
import type { Child } from '@auditlane/testing';
import type { Stage } from './stage';
import { usageOf, usedSince } from './usage';

export interface RelayResult {
  readonly eventsPerSecond: number;
  readonly cpuSeconds: number;
  readonly microsecondsEach: number;
  readonly peakRssMb: number;
}

const givingUpMs = 300_000;

/** Resolves when `output` holds `expected` records more than now; the child is stopped then. */
export async function measureRelay(
  stage: Stage,
  start: () => Promise<Child>,
  output: string,
  expected: number,
): Promise<RelayResult> {
  const before = await stage.count(output);
  const child = await start();
  const usageBefore = usageOf(child.pid);
  let first: { at: number; count: number } | undefined;
  const deadline = performance.now() + givingUpMs;
  for (;;) {
    const count = (await stage.count(output)) - before;
    const at = performance.now();
    if (count > 0) first ??= { at, count };
    if (first && count >= expected) {
      const usage = usedSince(child.pid, usageBefore);
      await child.stop();
      return {
        eventsPerSecond: ((count - first.count) / (at - first.at)) * 1000,
        cpuSeconds: usage.cpuSeconds,
        microsecondsEach: (usage.cpuSeconds / expected) * 1e6,
        peakRssMb: usage.peakRssMb,
      };
    }
    if (!child.isRunning() || at > deadline) {
      throw new Error(
        `${child.label} got to ${count} of ${expected}, then ${child.isRunning() ? 'time was up' : 'ended'}:\n${child.tail()}`,
      );
    }
    await pause(25);
  }
}
