// What each answer of Splunk's collector says about each event that was sent, by its code table (0 to 28) and the prefix rule.
import type { ParkReason, PoisonReason, TransientReason } from '@auditlane/contracts';
import { bodyText, isObject, isSuccess, isWhole, jsonObject, textOf, wasCutOff } from '../answer';
import { judgeStatus, retryVerdict } from '../judge-status';
import type { InboundResponse, Verdict } from '../types';
import { receiverWords } from '../words';
import type { SplunkSettings } from './settings';

/** Splunk Cloud refuses larger bodies with code 6 at object 0, as if that object were malformed. */
const cloudBodyBytes = 5_242_880;

const parks: Readonly<Record<number, ParkReason>> = {
  1: 'credentials_refused',
  2: 'credentials_refused',
  3: 'credentials_refused',
  4: 'credentials_refused',
  5: 'configuration_refused',
  7: 'index_refused',
  10: 'acknowledgement_required',
  11: 'acknowledgement_required',
  14: 'configuration_refused',
  16: 'configuration_refused',
  17: 'not_the_expected_receiver',
  21: 'credentials_refused',
  22: 'credentials_refused',
  28: 'acknowledgement_required',
};

const retries: Readonly<Record<number, TransientReason>> = {
  // 8 and 9 may have been indexed in part: the repeat carries the same event_id.
  8: 'server_error',
  9: 'busy',
  18: 'busy',
  19: 'busy',
  20: 'busy',
  23: 'busy',
  26: 'rate_limited',
  27: 'rate_limited',
};

const poisons: Readonly<Record<number, PoisonReason>> = {
  6: 'receiver_refused_format',
  12: 'receiver_refused_event',
  13: 'receiver_refused_event',
  15: 'receiver_refused_fields',
};

/** The collector's answer; `undefined` where something else answered. */
export interface HecAnswer {
  readonly code: number;
  readonly text: string;
  readonly invalidEvent: unknown;
  readonly ackId: unknown;
}

export function readHecAnswer(response: InboundResponse): HecAnswer | undefined {
  const body = jsonObject(response);
  if (!isObject(body) || !isWhole(body['code'])) return undefined;
  return {
    code: body['code'],
    text: textOf(body['text']),
    invalidEvent: body['invalid-event-number'],
    ackId: body['ackId'],
  };
}

/** What the answer is about. The bytes are only counted where a refusal asks for them: that takes as long as encoding the events. */
export interface SentEvents {
  readonly count: number;
  bytes(): number;
}

export function judgeSplunk(
  response: InboundResponse,
  sent: SentEvents,
  now: number,
  acknowledgement: SplunkSettings['acknowledgement'] = 'off',
): readonly Verdict[] {
  const all = (verdict: Verdict): readonly Verdict[] => verdicts(sent, () => verdict);
  const { status } = response;
  const answer = status >= 300 && status <= 399 ? undefined : readHecAnswer(response);
  if (answer === undefined) return all(judgeStranger(response, now));

  const code = `hec_${answer.code}`;
  const words = receiverWords(answer.text);
  if (isSuccess(status) && successes.has(answer.code)) {
    const slowDown = answer.code === 0 ? {} : { slowDown: true };
    return all({ ...taken(answer, acknowledgement), ...slowDown });
  }
  const park = parks[answer.code];
  // Code 7 too is for all: every event names the same index, so that none before the one it points at can have been taken.
  if (park !== undefined) return all({ kind: 'park', reason: park, code, words });
  const retry = retries[answer.code];
  if (retry !== undefined) return all(retryVerdict(retry, response, code, words, now));
  const poison = poisons[answer.code];
  if (poison !== undefined) {
    const before = taken(answer, acknowledgement === 'required' ? 'auto' : acknowledgement);
    const indexed =
      before.kind === 'delivered' && acknowledgement !== 'off' ? { ...before, unacknowledged: true } : before;
    return judgeInvalidEvent(answer, poison, sent, { code, words }, indexed);
  }
  if (isSuccess(status)) return all({ kind: 'park', reason: 'not_the_expected_receiver', code, words });
  return all(judgeStatus(response, answer.text, now));
}

/** 24 and 25: taken, but queues are filling up. */
const successes: ReadonlySet<number> = new Set([0, 24, 25]);

/** What it means that the collector took an event in. */
function taken({ code, ackId }: HecAnswer, acknowledgement: SplunkSettings['acknowledgement']): Verdict {
  if (acknowledgement === 'off') return { kind: 'delivered' };
  if (isWhole(ackId) && ackId >= 0) return { kind: 'accepted', ackId };
  if (ackId !== undefined)
    return {
      kind: 'retry',
      reason: 'unreadable_answer',
      code: `hec_${code}`,
      words: 'the acknowledgement id is no number',
    };
  if (acknowledgement === 'auto') return { kind: 'delivered' };
  return {
    kind: 'park',
    reason: 'acknowledgement_required',
    code: `hec_${code}`,
    words: 'Splunk took the events and gave no acknowledgement id: indexer acknowledgement is off for this token.',
  };
}

const verdicts = ({ count }: SentEvents, judge: (at: number) => Verdict): readonly Verdict[] =>
  Array.from({ length: count }, (_, at) => judge(at));

/** The objects before the one that is named are indexed; it and all after it are not. */
function judgeInvalidEvent(
  answer: HecAnswer,
  reason: PoisonReason,
  sent: SentEvents,
  said: { readonly code: string; readonly words: string },
  before: Verdict,
): readonly Verdict[] {
  const invalid = answer.invalidEvent;
  const known = isWhole(invalid) && invalid >= 0 && invalid < sent.count;
  if (!known) return verdicts(sent, () => ({ kind: 'split', reason, ...said }));
  const tooLarge = answer.code === 6 && invalid === 0 && sent.bytes() > cloudBodyBytes;
  if (tooLarge) return verdicts(sent, () => ({ kind: 'split', reason: 'receiver_refused_size', ...said }));
  return verdicts(sent, (at): Verdict => {
    if (at < invalid) return before;
    if (at === invalid) return { kind: 'poison', reason, ...said };
    return {
      kind: 'retry',
      reason: 'aborted',
      afterMs: 0,
      code: said.code,
      words: 'not looked at: the receiver stopped at an earlier event',
    };
  });
}

/** A proxy, a load balancer, a page: its status counts where it refuses, but its 200 is no proof that an event was taken. */
function judgeStranger(response: InboundResponse, now: number): Verdict {
  const text = bodyText(response);
  if (!isSuccess(response.status)) {
    const verdict = judgeStatus(response, text, now);
    // A token is all that the collector's 403 can be about.
    return verdict.kind === 'park' && response.status === 403 ? { ...verdict, reason: 'credentials_refused' } : verdict;
  }
  const said = { code: `http_${response.status}`, words: receiverWords(text) };
  if (wasCutOff(response)) return { kind: 'retry', reason: 'unreadable_answer', ...said };
  return { kind: 'park', reason: 'not_the_expected_receiver', ...said };
}
