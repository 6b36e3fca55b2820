// Test Connection for an HTTP collector. There is no request that proves delivery and delivers nothing, so this says what it has not shown.
import { passed, refused } from '../probe-result';
import type { InboundResponse, OutboundRequest, Probe, ProbeResult } from '../types';
import { judgeHttp } from './judge';

export function httpProbe(request: OutboundRequest, now: () => number): Probe {
  return {
    steps: [{ stage: 'answer', request, judge: (response) => judgeGet(response, now()) }],
    notProven: [
      'That the collector takes events by POST: it was asked with GET.',
      'That the token is accepted: many collectors look at it only for a POST.',
    ],
  };
}

/** A collector may well know nothing but POST: 404, 405 and their like prove that it answers, and no more. */
function judgeGet(response: InboundResponse, now: number): ProbeResult {
  const { status } = response;
  const verdict = judgeHttp(response, now);
  if (verdict.kind === 'delivered') return passed('answered', `The server answers GET with ${status}.`);
  const refusesGet = status >= 400 && status <= 499 && ![401, 403, 407, 410, 429].includes(status);
  if (refusesGet) return passed('answered', `The server answers GET with ${status}, which says nothing of POST.`);
  return refused(verdict);
}
