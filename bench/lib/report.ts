// Prints ours beside its bare loop, and compares the two within each round, so that a noisy machine disturbs both alike.
import type { Measured } from './measure';
import { median, round, type Row } from './table';

/** One round: both measured in the same run, one after the other. */
export interface Pair {
  readonly bare: Measured;
  readonly ours: Measured;
}

export function rowsOf(title: string, what: string, pairs: readonly Pair[]): readonly Row[] {
  const row = (who: string, results: readonly Measured[]): Row => ({
    [title]: who,
    'events/s': round(median(results.map((result) => result.eventsPerSecond))),
    'CPU µs/event': round(median(results.map((result) => result.microsecondsEach)), 1),
    'CPU-seconds': round(median(results.map((result) => result.cpuSeconds)), 1),
    'peak RSS MB': round(median(results.map((result) => result.peakRssMb))),
  });
  const bare = row(
    `bare loop${what}`,
    pairs.map((pair) => pair.bare),
  );
  const ours = row(
    `Auditlane${what}`,
    pairs.map((pair) => pair.ours),
  );
  return [bare, ours];
}

/** Ours as a share of the bare loop's rate. */
export const rateRatio = (pairs: readonly Pair[]): number =>
  median(pairs.map(({ bare, ours }) => ours.eventsPerSecond / bare.eventsPerSecond));

/** How many times the bare loop's CPU ours takes for an event. */
export const cpuRatio = (pairs: readonly Pair[]): number =>
  median(pairs.map(({ bare, ours }) => ours.microsecondsEach / bare.microsecondsEach));

/** The last line of a bench. */
export function verdict(name: string, met: boolean, words: string): boolean {
  process.stdout.write(`${name}: ${met ? 'met' : 'MISSED'}: ${words}\n`);
  return met;
}
