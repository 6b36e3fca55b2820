// Test Connection for Splunk: the collector's health, an empty body, which a good token answers with code 5, and, where it is asked for, one event.
import { findingsFrom, found, wordsOf, type Refusal } from '../findings';
import type { Judged, Probe, ProbeStage, ProbeStep } from '../probe';
import type { Acknowledgement, InboundResponse, OutboundRequest, Verdict } from '../types';
import { receiverWords } from '../words';
import { splunkCodes } from './codes';
import { judgeSplunk, readHecAnswer } from './judge';

export interface SplunkProbeParts {
  readonly health: OutboundRequest;
  readonly empty: OutboundRequest;
  /** Only where the settings await acknowledgements. */
  readonly acknowledgement: Acknowledgement | undefined;
  readonly required: boolean;
  /** The marked event, where one is to be written. */
  readonly event:
    { readonly request: OutboundRequest; judge(response: InboundResponse): Verdict | undefined } | undefined;
  readonly now: () => number;
}

const findings = findingsFrom(splunkCodes);

export function splunkProbe(parts: SplunkProbeParts): Probe {
  const { health, empty, event, acknowledgement, now } = parts;
  const steps: ProbeStep[] = [
    { stage: 'answer', request: health, judge: (response) => judgeHealth(response, now()) },
    { stage: 'authentication', request: empty, judge: (response) => judgeEmptyBody(response, now()) },
  ];
  if (event) steps.push({ stage: 'event', request: event.request, judge: (response) => judgeEvent(response, parts) });
  // Asked about an id that was never given: who acknowledges says "false", who does not says so.
  else if (acknowledgement)
    steps.push({
      stage: 'confirmation',
      request: acknowledgement.poll([0]),
      judge: (response) => judgeAsked(response, parts),
    });
  return {
    steps,
    unproven: event ? [] : [findings.of('index_needs_event')],
    notProven: event
      ? ['That the event is found: search the index for auditlane test events.']
      : ['That the token may write to the index: Splunk tells only when it is sent an event.'],
  };
}

function judgeHealth(response: InboundResponse, now: number): Judged {
  const answer = readHecAnswer(response);
  const words = receiverWords(answer?.text ?? '');
  if (answer?.code === 17) return found(findings.of('healthy', { words }));
  if (answer !== undefined && answer.code >= 18 && answer.code <= 20)
    return found(findings.of('healthy_but_full', { words }));
  // Proxies often let through nothing but the event endpoint, and some versions want a token here. The next step settles it.
  if (response.status >= 400 && response.status <= 499 && response.status !== 407)
    return found(findings.of('health_not_shown', { words }));
  return refusal(response, 'answer', now);
}

function judgeEmptyBody(response: InboundResponse, now: number): Judged {
  const answer = readHecAnswer(response);
  return answer?.code === 5
    ? found(findings.of('collector_answers'), findings.of('token_accepted', { words: receiverWords(answer.text) }))
    : refusal(response, 'authentication', now);
}

function judgeEvent(response: InboundResponse, { event, acknowledgement, required, now }: SplunkProbeParts): Judged {
  const verdict = event?.judge(response);
  if (verdict === undefined) return refusal(response, 'event', now());
  if (verdict.kind === 'park' && verdict.reason === 'acknowledgement_required' && required && tookIt(response))
    return found(findings.of('event_taken'), findings.of('acknowledgement_missing', { words: verdict.words }));
  if (verdict.kind !== 'delivered' && verdict.kind !== 'accepted') return refusal(response, 'event', now());
  const taken = findings.of(verdict.slowDown ? 'event_taken_queues_filling' : 'event_taken', {
    words: receiverWords(readHecAnswer(response)?.text ?? ''),
  });
  if (!acknowledgement) return found(taken, findings.of('acknowledgement_not_awaited'));
  if (verdict.kind === 'delivered') return found(taken, findings.of('no_acknowledgement'));
  const { ackId } = verdict;
  const next: ProbeStep = {
    stage: 'confirmation',
    request: acknowledgement.poll([ackId]),
    judge(answer) {
      const poll = acknowledgement.judge(answer, [ackId]);
      if (poll.kind === 'acknowledged')
        return poll.ackIds.includes(ackId) ? found(findings.of('acknowledged')) : 'not_yet';
      if (poll.kind === 'disabled') return found(findings.of('no_acknowledgement'));
      return found(findings.of('acknowledgement_unreadable', { words: poll.verdict.words ?? '' }));
    },
    late: findings.of('not_acknowledged'),
  };
  return { findings: [taken], next };
}

const tookIt = (response: InboundResponse): boolean => response.status === 200 && readHecAnswer(response)?.code === 0;

function judgeAsked(response: InboundResponse, { acknowledgement, required, now }: SplunkProbeParts): Judged {
  const poll = acknowledgement?.judge(response, [0]);
  if (poll?.kind === 'acknowledged') return found(findings.of('acknowledges'));
  if (poll?.kind === 'disabled') return found(findings.of('acknowledges_nothing'));
  // Whether this matters, only the settings know: `auto` delivers without.
  return required || poll?.kind !== 'refused'
    ? refusal(response, 'confirmation', now())
    : found(findings.of('acknowledges_nothing'));
}

function refusal(response: InboundResponse, stage: ProbeStage, now: number): Judged {
  const [verdict] = judgeSplunk(response, { count: 1, bytes: () => 0 }, now);
  const refused: Refusal =
    verdict === undefined || verdict.kind === 'delivered' || verdict.kind === 'accepted'
      ? // "Success" for no event at all is nothing that the collector says.
        { kind: 'park', reason: 'not_the_expected_receiver', code: 'not_hec', words: '' }
      : wordsOf(verdict, response);
  return found(
    findings.refused(refused, stage, refused.reason === 'not_the_expected_receiver' ? 'not_hec' : undefined),
  );
}
