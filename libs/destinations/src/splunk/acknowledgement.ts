// Indexer acknowledgement: asks the collector which of its ids are safe with the indexers. Only its `true` counts, and it says that once.
import { isObject, jsonObject } from '../answer';
import type { Acknowledgement, InboundResponse, OutboundRequest, PollAnswer } from '../types';
import { judgeSplunk, readHecAnswer } from './judge';

const ackDisabled = 14;

export function pollFor(
  post: (body: Buffer) => OutboundRequest,
  acknowledgement: 'auto' | 'required',
  now: () => number,
): Acknowledgement {
  return {
    poll: (ackIds) => post(Buffer.from(JSON.stringify({ acks: ackIds }))),
    judge: (response, ackIds) => judgePoll(response, ackIds, acknowledgement, now()),
  };
}

function judgePoll(
  response: InboundResponse,
  ackIds: readonly number[],
  acknowledgement: 'auto' | 'required',
  now: number,
): PollAnswer {
  const acks = response.status === 200 ? jsonObject(response)?.['acks'] : undefined;
  if (isObject(acks)) return { kind: 'acknowledged', ackIds: ackIds.filter((id) => acks[String(id)] === true) };
  const answer = readHecAnswer(response);
  if (answer?.code === ackDisabled) {
    if (acknowledgement === 'auto') return { kind: 'disabled' };
    const verdict = { kind: 'park', reason: 'acknowledgement_required', code: 'hec_14', words: answer.text } as const;
    return { kind: 'refused', verdict };
  }
  const [verdict] = judgeSplunk(response, { count: 1, bytes: () => 0 }, now);
  if (verdict?.kind === 'retry' || verdict?.kind === 'park') return { kind: 'refused', verdict };
  return {
    kind: 'refused',
    verdict: { kind: 'retry', reason: 'unreadable_answer', code: `http_${response.status}`, words: '' },
  };
}
