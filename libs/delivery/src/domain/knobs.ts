// Every interval and bound of delivering, so that tests run scaled and operators can turn them.

export interface Knobs {
  /** A lane whose oldest event is older parks. */
  readonly laneAgeMs: number;
  readonly laneEvents: number;
  readonly laneBytes: number;
  /** So much every lane may hold, however full the process is. */
  readonly laneLeastBytes: number;
  /** Bound of all lanes of a process together. */
  readonly lanesBytes: number;
  /** A lane that delivered within this time is flowing: a full one is waited for. */
  readonly flowingMs: number;
  /** How long in a row a batch waits for a full lane that flows. */
  readonly patienceMs: number;
  /** The part of wall time by which that patience grows back. */
  readonly patienceRefill: number;
  readonly backoffBaseMs: number;
  readonly backoffCapMs: number;
  /** What a receiver's Retry-After may ask for at most. */
  readonly retryAfterCapMs: number;
  /** The pause after a receiver asked to be sent less. */
  readonly slowDownMs: number;
  /** A request under settings that are no longer valid is aborted after this. */
  readonly abortGraceMs: number;
  /** When sending is not allowed (the membership is in doubt), the question is asked again after this. */
  readonly recheckMs: number;
  /** The first request after a failure. */
  readonly probeEvents: number;
  readonly probeBytes: number;
  readonly pageBytes: number;
  /** Bounds of what drains hold in memory: catching up, and finding out whether a failing receiver is back. */
  readonly drainBytes: number;
  readonly probesBytes: number;
  /** Records whose offsets wait to be committed; more of them stop the partition until some are done. */
  readonly windowRecords: number;
  /** How often a receiver is asked what it has acknowledged, and for how many ids at a time. */
  readonly ackPollMs: number;
  readonly ackIdsPerPoll: number;
  /** What was not acknowledged after this is sent again. */
  readonly ackTimeoutMs: number;
  /** Bounds of what waits for an acknowledgement: at them, sending waits too. */
  readonly ackRequests: number;
  readonly ackEvents: number;
  /** After this a destination that only has transient failures counts as failing. */
  readonly failingAfterMs: number;
}

const mebibyte = 1_048_576;

export const defaultKnobs: Knobs = {
  laneAgeMs: 3_000,
  laneEvents: 10_000,
  laneBytes: 8 * mebibyte,
  laneLeastBytes: 64 * 1024,
  lanesBytes: 16 * mebibyte,
  flowingMs: 1_000,
  patienceMs: 10_000,
  patienceRefill: 0.1,
  backoffBaseMs: 1_000,
  backoffCapMs: 300_000,
  retryAfterCapMs: 3_600_000,
  slowDownMs: 500,
  abortGraceMs: 4_000,
  recheckMs: 250,
  probeEvents: 10,
  probeBytes: 64 * 1024,
  pageBytes: 2 * mebibyte,
  drainBytes: 16 * mebibyte,
  probesBytes: 32 * mebibyte,
  windowRecords: 100_000,
  ackPollMs: 5_000,
  ackIdsPerPoll: 2_000,
  // Splunk holds the last, partly filled buffer for up to two minutes.
  ackTimeoutMs: 300_000,
  ackRequests: 10_000,
  ackEvents: 1_000_000,
  failingAfterMs: 60_000,
};
