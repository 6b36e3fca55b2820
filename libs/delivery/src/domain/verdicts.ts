// Sums up what a receiver said of one request's events, so that the lane can decide once.
import type { PoisonReason } from '@auditlane/contracts';
import type { Verdict } from '@auditlane/destinations';
import type { Refusal } from './effects';
import type { Entry } from './entry-queue';

export interface Ruling {
  /** The highest seq that the receiver took, safe with it or not; −1 for none. */
  readonly highestTaken: number;
  readonly delivered: readonly Entry[];
  /** Taken in, and delivered once `ackId` is acknowledged. */
  readonly accepted: readonly Entry[];
  readonly ackId: number | undefined;
  /** Taken in without an id, so that nobody will ever say that they are safe. */
  readonly unproven: number;
  readonly refused: readonly { readonly entry: Entry; readonly refusal: Refusal<PoisonReason> }[];
  readonly park: Refusal | undefined;
  readonly retry: (Refusal & { readonly afterMs: number | undefined }) | undefined;
  /** The request as a whole was refused and should be halved. */
  readonly split: boolean;
  readonly slowDown: boolean;
}

/** For whom acknowledgement means nothing: what was taken in is delivered. */
const never = { isAwaited: false, isOn: false };

/** An event without a verdict counts as not known: it is sent again. */
export function rule(
  entries: readonly Entry[],
  verdicts: readonly Verdict[],
  acknowledgement: { readonly isAwaited: boolean; readonly isOn: boolean } = never,
): Ruling {
  const delivered: Entry[] = [];
  const accepted: Entry[] = [];
  let ackId: number | undefined;
  let unproven = 0;
  const refused: { entry: Entry; refusal: Refusal<PoisonReason> }[] = [];
  let highestTaken = -1;
  let park: Ruling['park'];
  let retry: Ruling['retry'];
  let split = false;
  let slowDown = false;
  for (const [index, entry] of entries.entries()) {
    const verdict = verdicts[index] ?? ({ kind: 'retry', reason: 'unreadable_answer' } as const);
    const refusal = {
      code: ('code' in verdict ? verdict.code : undefined) ?? '',
      words: ('words' in verdict ? verdict.words : undefined) ?? '',
    };
    switch (verdict.kind) {
      case 'delivered':
        if (verdict.unacknowledged && acknowledgement.isOn) unproven++;
        else delivered.push(entry);
        highestTaken = Math.max(highestTaken, entry.event.seq);
        slowDown ||= verdict.slowDown === true;
        break;
      case 'accepted':
        if (acknowledgement.isAwaited) accepted.push(entry);
        else delivered.push(entry);
        ackId = verdict.ackId;
        highestTaken = Math.max(highestTaken, entry.event.seq);
        slowDown ||= verdict.slowDown === true;
        break;
      case 'poison':
        refused.push({ entry, refusal: { reason: verdict.reason, ...refusal } });
        break;
      case 'split':
        if (entries.length === 1) refused.push({ entry, refusal: { reason: verdict.reason, ...refusal } });
        else split = true;
        break;
      case 'park':
        park ??= { reason: verdict.reason, ...refusal };
        break;
      case 'retry':
        retry = {
          reason: verdict.reason,
          ...refusal,
          afterMs: longest(retry?.afterMs, verdict.afterMs),
        };
        break;
    }
  }
  return { highestTaken, delivered, accepted, ackId, unproven, refused, park, retry, split, slowDown };
}

function longest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other);
}
