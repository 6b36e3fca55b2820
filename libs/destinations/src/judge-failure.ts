// What it means for a destination that no answer came: whether to try again, or to wait for someone to change something.
import { parkReasons, type ParkReason, type TransientReason } from '@auditlane/contracts';
import type { EgressFailure, Verdict } from './types';
import { receiverWords } from './words';

const byStage: Readonly<Record<Exclude<EgressFailure['stage'], 'policy'>, TransientReason>> = {
  dns: 'name_not_resolved',
  tcp: 'connection_failed',
  tls: 'tls_failed',
  request: 'connection_failed',
  response: 'connection_failed',
};

const isParkReason = (reason: string): reason is ParkReason => (parkReasons as readonly string[]).includes(reason);

/**
 * Every fault of the network is retried for as long as retention holds the events, a certificate's too: it is repaired on the other side
 * without anyone touching our settings. Only a refusal by our own policy parks, since trying again cannot change it.
 */
export function judgeFailure(failure: EgressFailure): Verdict {
  const code = failure.code;
  const words = receiverWords(failure.words);
  if (failure.stage === 'policy') return { kind: 'park', reason: 'egress_refused', code, words };
  if (failure.reason === undefined) return { kind: 'retry', reason: reasonOf(failure.stage, code), code, words };
  if (isParkReason(failure.reason)) return { kind: 'park', reason: failure.reason, code, words };
  return { kind: 'retry', reason: failure.reason, code, words };
}

/** For senders that name no reason: the code's own word where it has one, else what the stage says. */
function reasonOf(stage: Exclude<EgressFailure['stage'], 'policy'>, code: string): TransientReason {
  if (/time_?d?_?out|timeout/i.test(code)) return 'timed_out';
  if (/abort/i.test(code)) return 'aborted';
  return byStage[stage];
}
