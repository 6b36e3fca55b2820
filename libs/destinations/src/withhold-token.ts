// Some receivers repeat the request's headers in their answers. The token is taken out before anything of an answer is read: words reach
// a column, a log line and the page, where whoever may set up streaming could otherwise read back what is only ever written.
import type { ProbeStep } from './probe';
import type { Destination, InboundResponse } from './types';
import { receiverWords } from './words';

/** What a type itself brings; its name and the receiver's words are added to it. */
export type MadeDestination = Omit<Destination, 'type' | 'said'>;

/** Shorter ones stand in ordinary words by chance; what is that short keeps no secret. */
const shortest = 6;
const withheld = '(token)';
/** Of an answer, for its words; more would only be cut off again. */
const readBytes = 4_096;

export function withholdToken(destination: MadeDestination, token: string): Omit<Destination, 'type'> {
  if (token.length < shortest) return { ...destination, said };
  const forms = [...new Set([token, JSON.stringify(token).slice(1, -1), Buffer.from(token).toString('base64')])];
  const clean = (response: InboundResponse): InboundResponse => withoutAny(response, forms);
  const { acknowledgement } = destination;
  return {
    ...destination,
    judge: (response, events) => destination.judge(clean(response), events),
    ...(acknowledgement && {
      acknowledgement: { ...acknowledgement, judge: (response, ids) => acknowledgement.judge(clean(response), ids) },
    }),
    said: (response) => said(clean(response)),
    probe(event) {
      const probe = destination.probe(event);
      return { ...probe, steps: probe.steps.map((step) => withheldStep(step, clean)) };
    },
  };
}

function withheldStep(step: ProbeStep, clean: (response: InboundResponse) => InboundResponse): ProbeStep {
  return {
    ...step,
    judge(response) {
      const judged = step.judge(clean(response));
      if (judged === 'not_yet' || judged.next === undefined) return judged;
      return { ...judged, next: withheldStep(judged.next, clean) };
    },
  };
}

function said({ body }: InboundResponse): string {
  return receiverWords(body.toString('utf8', 0, readBytes));
}

function withoutAny(response: InboundResponse, forms: readonly string[]): InboundResponse {
  const to = response.headers['location'];
  const found = forms.filter((form) => response.body.includes(form) || to?.includes(form));
  if (found.length === 0) return response;
  const without = (text: string): string => found.reduce((rest, form) => rest.replaceAll(form, withheld), text);
  return {
    ...response,
    headers: to === undefined ? response.headers : { ...response.headers, location: without(to) },
    body: Buffer.from(without(response.body.toString('utf8'))),
  };
}
