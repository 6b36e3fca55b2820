// Test Connection for Splunk without writing an event: the collector's health, then an empty body, which a good token answers with code 5.
import { passed, refused } from '../probe-result';
import type { InboundResponse, OutboundRequest, Probe, ProbeResult } from '../types';
import { judgeSplunk, readHecAnswer } from './judge';

export function splunkProbe(health: OutboundRequest, empty: OutboundRequest, now: () => number): Probe {
  return {
    steps: [
      { stage: 'answer', request: health, judge: (response) => judgeHealth(response, now()) },
      { stage: 'authentication', request: empty, judge: (response) => judgeEmptyBody(response, now()) },
    ],
    notProven: ['That the token may write to the index: Splunk tells only when it is sent an event.'],
  };
}

function judgeHealth(response: InboundResponse, now: number): ProbeResult {
  const code = readHecAnswer(response)?.code;
  if (code === 17) return passed('healthy', 'The HTTP Event Collector answers and is healthy.');
  if (code === 18 || code === 19 || code === 20)
    return passed('healthy_but_full', 'The HTTP Event Collector answers, but its queues are full for now.');
  // Proxies often let through nothing but the event endpoint. The next step settles what this one could not.
  if (response.status >= 400 && response.status <= 499)
    return passed('health_not_proven', `The health endpoint answers ${response.status}; going on with the token.`);
  return refusal(response, now);
}

function judgeEmptyBody(response: InboundResponse, now: number): ProbeResult {
  return readHecAnswer(response)?.code === 5
    ? passed('token_accepted', 'Splunk knows the token, and it is enabled. No event was written.')
    : refusal(response, now);
}

function refusal(response: InboundResponse, now: number): ProbeResult {
  const [verdict] = judgeSplunk(response, { count: 1, bytes: () => 0 }, now);
  // "Success" for no event at all is nothing that the collector says.
  return verdict === undefined || verdict.kind === 'delivered'
    ? refused({ kind: 'park', reason: 'not_the_expected_receiver', code: `http_${response.status}`, words: '' })
    : refused(verdict);
}
