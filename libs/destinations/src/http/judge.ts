// A collector has no words of its own: its status is all there is, for all events of the request alike.
import { bodyText, isSuccess } from '../answer';
import { judgeStatus } from '../judge-status';
import type { InboundResponse, Verdict } from '../types';

export const judgeHttp = (response: InboundResponse, now: number): Verdict =>
  isSuccess(response.status) ? { kind: 'delivered' } : judgeStatus(response, bodyText(response), now);
