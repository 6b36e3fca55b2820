// What it means for a destination that no answer came: whether to try again, or to wait for someone to change something.
import { parkReasons, type ParkReason } from '@auditlane/contracts';
import type { EgressFailure, Verdict } from './types';
import { receiverWords } from './words';

const isParkReason = (reason: string): reason is ParkReason => (parkReasons as readonly string[]).includes(reason);

/**
 * Every fault of the network is retried for as long as retention holds the events, a certificate's too: it is repaired on the other side
 * without anyone touching our settings. What our own side refuses (the address, a header, the CA) parks: trying again cannot change it.
 */
export function judgeFailure({
  reason,
  code,
  words: text,
}: EgressFailure): Extract<Verdict, { kind: 'retry' | 'park' }> {
  const words = receiverWords(text);
  return isParkReason(reason) ? { kind: 'park', reason, code, words } : { kind: 'retry', reason, code, words };
}
