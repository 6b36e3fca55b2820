// What Test Connection asks a receiver, and what it finds: a stage, a code from a closed table, the receiver's own words and the way out.
import type { ParkReason, PoisonReason, TransientReason } from '@auditlane/contracts';
import type { InboundResponse, OutboundRequest } from './messages';

/** After the connection stands: something answers as this type of receiver does, takes the token, lets it write, takes an event, has it safe. */
export const probeStages = ['answer', 'authentication', 'permission', 'event', 'confirmation'] as const;
export type ProbeStage = (typeof probeStages)[number];

/** `not_proven`: nothing speaks against it, and nothing shows it. Never to be drawn in the colour of `ok`. */
export type FindingState = 'ok' | 'failed' | 'not_proven';

export interface Finding {
  /** Where it belongs. A failure at a stage that was passed already counts for the stage that was being tried. */
  readonly stage: ProbeStage;
  readonly state: FindingState;
  readonly code: string;
  /** For a failure: what delivery would give as its reason. */
  readonly reason?: ParkReason | PoisonReason | TransientReason;
  /** A sentence of ours. */
  readonly detail: string;
  /** The receiver's, cleaned and capped; still to be escaped where they are shown. */
  readonly words: string;
  /** What to do; empty where nothing needs doing. */
  readonly fix: string;
}

export interface Judged {
  readonly findings: readonly Finding[];
  /** What this answer made worth asking, before the steps that were planned. */
  readonly next?: ProbeStep;
}

/** Steps run in order; the first failure ends the test. */
export interface ProbeStep {
  readonly stage: ProbeStage;
  readonly request: OutboundRequest;
  /** `not_yet`: ask again in a while, until there is no time left; then `late` is what was found. */
  judge(response: InboundResponse): Judged | 'not_yet';
  readonly late?: Finding;
}

export interface Probe {
  readonly steps: readonly ProbeStep[];
  /** Stages that no step shows, and why. */
  readonly unproven: readonly Finding[];
  /** Said beside a passed test, so that it promises no more than it showed. */
  readonly notProven: readonly string[];
}

/** One row of a type's table of codes, which is also what the documents show. */
export interface CodeEntry {
  readonly stage: ProbeStage;
  readonly state: FindingState;
  readonly meaning: string;
  readonly fix: string;
}
export type CodeTable = Readonly<Record<string, CodeEntry>>;
