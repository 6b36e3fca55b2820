// Test Connection for Elasticsearch without writing a document: who the credentials belong to, and what they may do to the target.
import { isObject, isSuccess, jsonObject, textOf } from '../answer';
import { adviceFor } from '../advice';
import { passed, refused } from '../probe-result';
import type { InboundResponse, OutboundRequest, Probe, ProbeResult } from '../types';
import { receiverWords } from '../words';
import { isElasticsearch, judgeElasticsearch } from './judge';

/** create_doc writes; auto_configure is needed only while the target does not exist yet. */
export const askedPrivileges = (target: string): Buffer =>
  Buffer.from(JSON.stringify({ index: [{ names: [target], privileges: ['create_doc', 'auto_configure'] }] }));

export function elasticsearchProbe(
  authenticate: OutboundRequest,
  privileges: OutboundRequest,
  target: string,
  now: () => number,
): Probe {
  return {
    steps: [
      { stage: 'authentication', request: authenticate, judge: (response) => judgeAuthenticate(response, now()) },
      { stage: 'permission', request: privileges, judge: (response) => judgePrivileges(response, target, now()) },
    ],
    notProven: [
      'That the mapping of the target takes every event: Elasticsearch tells only when it is sent one.',
      'That the target is not blocked for writing (read-only, full disk).',
    ],
  };
}

function judgeAuthenticate(response: InboundResponse, now: number): ProbeResult {
  const body = isElasticsearch(response) ? jsonObject(response) : undefined;
  if (isSuccess(response.status) && body !== undefined && typeof body['username'] === 'string')
    return passed('credentials_accepted', `Signed in as ${receiverWords(body['username'])}.`);
  return withoutSecurity(response) ?? refusal(response, now);
}

function judgePrivileges(response: InboundResponse, target: string, now: number): ProbeResult {
  const answer = isSuccess(response.status) && isElasticsearch(response) ? jsonObject(response) : undefined;
  if (answer === undefined) return withoutSecurity(response) ?? refusal(response, now);
  const indices = answer['index'];
  const granted = isObject(indices) ? indices[target] : undefined;
  if (!isObject(granted)) return refusal(response, now);
  if (granted['create_doc'] !== true)
    return {
      ok: false,
      code: 'permission_refused',
      detail: `The credentials may not create documents in ${target}.`,
      fix: adviceFor('permission_refused'),
    };
  return granted['auto_configure'] === true
    ? passed('permission_granted', `The credentials may create documents in ${target}, and ${target} itself.`)
    : passed(
        'permission_granted_if_target_exists',
        `The credentials may create documents in ${target}, but not ${target} itself: it must be there.`,
      );
}

/** A cluster with its security off has none of these addresses; it takes every request, so there is nothing to prove. */
function withoutSecurity(response: InboundResponse): ProbeResult | undefined {
  const error = response.status === 400 ? jsonObject(response)?.['error'] : undefined;
  return textOf(error).startsWith('no handler found')
    ? passed('security_off', 'The cluster has no security: it asks for no credentials and has no permissions to check.')
    : undefined;
}

function refusal(response: InboundResponse, now: number): ProbeResult {
  const [verdict] = judgeElasticsearch(response, 1, now);
  return verdict === undefined || verdict.kind === 'delivered'
    ? refused({ kind: 'park', reason: 'not_the_expected_receiver', code: `http_${response.status}`, words: '' })
    : refused(verdict);
}
