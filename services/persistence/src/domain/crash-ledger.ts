// Finds the record that ends the process. A batch that kills its process leaves no error to bisect by, so a note is written before it is
// tried: but only where a claim finds that the one before it got nowhere, so that a healthy partition pays nothing.
//
// - A claim that finds next_offset where the claim before it found it is suspicious: from now on each attempt is noted before it begins.
// - A claim that finds a noted attempt which never ended knows a range that was tried by two dead processes: it tries the left half.
//   Each further death halves it again.
// - A record that is noted alone and has ended `lonePatience` processes goes to quarantine. More than two, because whoever kills
//   processes from outside (an operator, a full machine) must not make a good record look bad.
// Attempts of one process are noted one at a time (one partition's, even), so that a noted attempt is the one that was running.
import { type Cuts, cutInHalf, noCuts } from './bisect';

export interface Ledger {
  /** next_offset as the last claim found it. */
  readonly claimedNextOffset: number;
  readonly attempt: Attempt | undefined;
}

export interface Attempt {
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** How many processes have begun exactly this range. */
  readonly tries: number;
}

export interface Suspicion {
  /** Attempts are noted while next_offset is below. */
  readonly until: number;
  readonly cuts: Cuts;
  /** The offset of a record that has been given up. */
  readonly givenUp: number | undefined;
  /** The attempt that never ended. */
  readonly unfinished: Attempt | undefined;
}

export const lonePatience = 3;

const none: Suspicion = { until: -1, cuts: noCuts, givenUp: undefined, unfinished: undefined };

export function judgeLedger(ledger: Ledger | undefined, nextOffset: number): Suspicion {
  const attempt = ledger?.attempt;
  if (attempt && attempt.from >= nextOffset) {
    const alone = attempt.to - attempt.from === 1;
    return {
      until: attempt.to,
      cuts: cutInHalf(noCuts, attempt.from, attempt.to),
      givenUp: alone && attempt.tries >= lonePatience ? attempt.from : undefined,
      unfinished: attempt,
    };
  }
  return ledger?.claimedNextOffset === nextOffset ? { ...none, until: nextOffset + 1 } : none;
}

/** The note for a range about to be tried. */
export function nextAttempt(unfinished: Attempt | undefined, from: number, to: number): Attempt {
  const again = unfinished?.from === from && unfinished.to === to;
  return { from, to, tries: again ? unfinished.tries + 1 : 1 };
}
