// Test Connection for an HTTP collector. No request proves delivery and delivers nothing, so OPTIONS shows the route, and the rest takes an event.
import { bodyText, isSuccess } from '../answer';
import { findingsFrom, found, wordsOf } from '../findings';
import type { Judged, Probe } from '../probe';
import type { InboundResponse, OutboundRequest } from '../types';
import { httpCodes } from './codes';
import { judgeHttp } from './judge';

const findings = findingsFrom(httpCodes);

/** `event`: the request with the marked event, where one is to be written. */
export function httpProbe(options: OutboundRequest, event: OutboundRequest | undefined, now: () => number): Probe {
  const route = {
    stage: 'answer',
    request: options,
    judge: (response: InboundResponse) => judgeOptions(response, now()),
  } as const;
  if (event)
    return {
      steps: [route, { stage: 'event', request: event, judge: (response) => judgeEvent(response, now()) }],
      unproven: [],
      notProven: ['That the collector keeps what it answers with a success: look for the test event there.'],
    };
  return {
    steps: [route],
    unproven: [findings.of('token_needs_event'), findings.of('permission_needs_event')],
    notProven: [
      'That the collector takes events by POST: it was asked with OPTIONS. Proven are name, TLS and that a server answers.',
      'That the token is accepted: many collectors look at it only for a POST.',
    ],
  };
}

/** A collector may well know nothing but POST: 404, 405 and their like prove that something answers, and no more. */
function judgeOptions(response: InboundResponse, now: number): Judged {
  const { status } = response;
  const verdict = judgeHttp(response, now);
  if (verdict.kind === 'delivered' || verdict.kind === 'accepted') {
    const allowed = response.headers['allow'];
    const takesPost = allowed === undefined || /(^|[\s,])(POST|\*)([\s,]|$)/i.test(allowed);
    return found(findings.of(takesPost ? 'answered' : 'answered_without_post'));
  }
  const refusesOptions = status >= 400 && status <= 499 && ![401, 403, 407, 408, 410, 429].includes(status);
  if (refusesOptions || status === 501)
    return found(
      findings.of('answered', {
        detail: `A server answers at this address. It answers OPTIONS with ${status}, which says nothing of POST.`,
      }),
    );
  return found(findings.refused(wordsOf(verdict, response), 'answer'));
}

function judgeEvent(response: InboundResponse, now: number): Judged {
  const verdict = judgeHttp(response, now);
  if (verdict.kind !== 'delivered' && verdict.kind !== 'accepted')
    return found(findings.refused(wordsOf(verdict, response), 'event'));
  return found(
    findings.of('event_taken'),
    findings.of(isPage(response) ? 'answered_with_a_page' : 'confirmed_by_status'),
  );
}

const isPage = (response: InboundResponse): boolean =>
  isSuccess(response.status) &&
  (/^text\/html\b/i.test(response.headers['content-type'] ?? '') || /^\s*<(!doctype|html)/i.test(bodyText(response)));
