// Sums up what a receiver said of one request's events, so that the lane can decide once.
import type { PoisonReason } from '@auditlane/contracts';
import type { Verdict } from '@auditlane/destinations';
import type { Refusal } from './effects';
import type { Entry } from './entry-queue';

export interface Ruling {
  /** The highest seq that was taken; −1 for none. */
  readonly highestDelivered: number;
  readonly delivered: readonly Entry[];
  readonly refused: readonly { readonly entry: Entry; readonly refusal: Refusal<PoisonReason> }[];
  readonly park: Refusal | undefined;
  readonly retry: (Refusal & { readonly afterMs: number | undefined }) | undefined;
  /** The request as a whole was refused and should be halved. */
  readonly split: boolean;
  readonly slowDown: boolean;
}

/** An event without a verdict counts as not known: it is sent again. */
export function rule(entries: readonly Entry[], verdicts: readonly Verdict[]): Ruling {
  const delivered: Entry[] = [];
  const refused: { entry: Entry; refusal: Refusal<PoisonReason> }[] = [];
  let highestDelivered = -1;
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
        delivered.push(entry);
        highestDelivered = Math.max(highestDelivered, entry.event.seq);
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
  return { highestDelivered, delivered, refused, park, retry, split, slowDown };
}

function longest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined ? other : other === undefined ? one : Math.max(one, other);
}
