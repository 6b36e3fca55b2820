// Test Connection for Elasticsearch: which product answers, whom the credentials belong to, what they may do to the target, and one event on demand.
import { isObject, isSuccess, jsonObject, textOf } from '../answer';
import { findingsFrom, found, wordsOf, type Refusal } from '../findings';
import type { Finding, Judged, Probe, ProbeStage, ProbeStep } from '../probe';
import type { InboundResponse, OutboundRequest, Verdict } from '../types';
import { receiverWords } from '../words';
import { elasticsearchCodes } from './codes';
import { isElasticsearch, judgeElasticsearch } from './judge';

/** create_doc writes; auto_configure is needed only while the target does not exist yet. */
export const askedPrivileges = (target: string): Buffer =>
  Buffer.from(JSON.stringify({ index: [{ names: [target], privileges: ['create_doc', 'auto_configure'] }] }));

export interface ElasticsearchProbeParts {
  readonly root: OutboundRequest;
  readonly authenticate: OutboundRequest;
  readonly privileges: OutboundRequest;
  /** Whether the target is there; for credentials that may not create it. */
  readonly lookUp: OutboundRequest;
  readonly target: string;
  /** The marked event, where one is to be written. */
  readonly event:
    { readonly request: OutboundRequest; judge(response: InboundResponse): Verdict | undefined } | undefined;
  readonly now: () => number;
}

const findings = findingsFrom(elasticsearchCodes);

export function elasticsearchProbe(parts: ElasticsearchProbeParts): Probe {
  const { root, authenticate, privileges, event, now } = parts;
  const steps: ProbeStep[] = [
    { stage: 'answer', request: root, judge: (response) => judgeRoot(response, now()) },
    { stage: 'authentication', request: authenticate, judge: (response) => judgeAuthenticate(response, now()) },
    { stage: 'permission', request: privileges, judge: (response) => judgePrivileges(response, parts) },
  ];
  if (event)
    steps.push({
      stage: 'event',
      request: event.request,
      judge: (response) => judgeEvent(event.judge(response), response),
    });
  return {
    steps,
    unproven: [],
    notProven: event
      ? ['That the mapping takes every event: one was tried.']
      : [
          'That the mapping of the target takes every event: Elasticsearch tells only when it is sent one.',
          'That the target is not blocked for writing (read-only, closed, full disk).',
        ],
  };
}

function judgeRoot(response: InboundResponse, now: number): Judged {
  const body = isSuccess(response.status) ? jsonObject(response) : undefined;
  const version = body?.['version'];
  if (isObject(version) && version['distribution'] === 'opensearch') return found(findings.of('opensearch'));
  if (body !== undefined && isElasticsearch(response)) {
    const number = isObject(version) ? receiverWords(textOf(version['number'])) : '';
    return found(
      findings.of('elasticsearch_answers', number === '' ? {} : { detail: `Elasticsearch ${number} answers.` }),
    );
  }
  if (body?.['tagline'] === 'You Know, for Search') return found(findings.of('elasticsearch_too_old'));
  // Keys that can do nothing but write may not see this page, which says nothing against them.
  if (response.status === 401 || response.status === 403) return found(findings.of('root_not_shown'));
  return refusal(response, 'answer', now);
}

function judgeAuthenticate(response: InboundResponse, now: number): Judged {
  const body = isElasticsearch(response) ? jsonObject(response) : undefined;
  if (isSuccess(response.status) && body !== undefined && typeof body['username'] === 'string')
    return found(
      findings.of('elasticsearch_answers'),
      findings.of('credentials_accepted', { detail: `Signed in as ${receiverWords(body['username'])}.` }),
    );
  return withoutSecurity(response)
    ? found(findings.of('security_off'), findings.of('permissions_off'))
    : refusal(response, 'authentication', now);
}

function judgePrivileges(response: InboundResponse, { target, lookUp, now }: ElasticsearchProbeParts): Judged {
  const answer = isSuccess(response.status) && isElasticsearch(response) ? jsonObject(response) : undefined;
  const indices = answer?.['index'];
  const granted = isObject(indices) ? indices[target] : undefined;
  if (!isObject(granted))
    return withoutSecurity(response) ? found(findings.of('permissions_off')) : refusal(response, 'permission', now());
  if (granted['create_doc'] !== true) return found(findings.of('create_doc_missing'));
  if (granted['auto_configure'] === true)
    return found(
      findings.of('permission_granted', {
        detail: `The credentials may create documents in ${target}, and ${target} itself.`,
      }),
    );
  return { findings: [], next: { stage: 'permission', request: lookUp, judge: judgeLookUp } };
}

function judgeLookUp(response: InboundResponse): Judged {
  if (isSuccess(response.status)) return found(findings.of('permission_granted'));
  return found(findings.of(response.status === 404 ? 'target_missing' : 'target_not_seen'));
}

function judgeEvent(verdict: Verdict | undefined, response: InboundResponse): Judged {
  if (verdict?.kind === 'delivered')
    return found(findings.of('event_taken'), findings.of(verdict.diverted ? 'event_diverted' : 'event_stored'));
  return verdict === undefined || verdict.kind === 'accepted'
    ? found(findings.of('not_elasticsearch'))
    : found(refused(verdict, 'event', response));
}

/** A cluster with its security off has none of these addresses; it takes every request, so there is nothing to prove. */
function withoutSecurity(response: InboundResponse): boolean {
  const error = response.status === 400 ? jsonObject(response)?.['error'] : undefined;
  return textOf(error).startsWith('no handler found');
}

function refusal(response: InboundResponse, stage: ProbeStage, now: number): Judged {
  const [verdict] = judgeElasticsearch(response, 1, now);
  return verdict === undefined || verdict.kind === 'delivered' || verdict.kind === 'accepted'
    ? found(findings.of('not_elasticsearch'))
    : found(refused(verdict, stage, response));
}

function refused(verdict: Refusal, stage: ProbeStage, response: InboundResponse): Finding {
  const said = wordsOf(verdict, response);
  if (said.reason === 'not_the_expected_receiver') return findings.refused(said, stage, 'not_elasticsearch');
  if (said.reason !== 'credentials_refused') return findings.refused(said, stage);
  // Only its words tell an old key from a wrong one.
  const code = /expired/i.test(said.words)
    ? 'api_key_expired'
    : /invalidated/i.test(said.words)
      ? 'api_key_revoked'
      : undefined;
  return findings.refused(said, stage, code);
}
