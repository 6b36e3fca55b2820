// Prints two relays side by side and says whether ours met its aim.
import type { RelayResult } from './measure-relay';
import { median, printTable, round } from './table';

/** `aim` is the share of the bare loop's rate, compared pairwise within each round. */
export function reportRelays(
  name: string,
  events: number,
  bare: readonly RelayResult[],
  ours: readonly RelayResult[],
  aim: number,
): boolean {
  const row = (what: string, results: readonly RelayResult[]) => ({
    [name]: what,
    'events/s': round(median(results.map((result) => result.eventsPerSecond))),
    'CPU µs/event': round(median(results.map((result) => result.microsecondsEach)), 1),
    'CPU-seconds': round(median(results.map((result) => result.cpuSeconds)), 1),
    'peak RSS MB': round(median(results.map((result) => result.peakRssMb))),
  });
  printTable(`${name}: ${events} events of 700 B, medians of ${ours.length} rounds`, [
    row('bare loop', bare),
    row('Auditlane', ours),
  ]);
  const ratio = median(ours.map((result, i) => result.eventsPerSecond / (bare[i]?.eventsPerSecond ?? Infinity)));
  process.stdout.write(`${name}: ${round(ratio * 100)} % of the bare loop's rate (aim ${aim * 100} %)\n`);
  return ratio >= aim;
}
