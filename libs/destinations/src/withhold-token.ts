// Some receivers repeat the request's headers in their answers. The token is taken out before anything of an answer is read: words reach
// a column, a log line and the page, where whoever may set up streaming could otherwise read back what is only ever written.
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
  return {
    ...destination,
    judge: (response, events) => destination.judge(clean(response), events),
    said: (response) => said(clean(response)),
    probe() {
      const probe = destination.probe();
      return {
        ...probe,
        steps: probe.steps.map((step) => ({ ...step, judge: (response) => step.judge(clean(response)) })),
      };
    },
  };
}

function said({ body }: InboundResponse): string {
  return receiverWords(body.toString('utf8', 0, readBytes));
}

function withoutAny(response: InboundResponse, forms: readonly string[]): InboundResponse {
  const found = forms.filter((form) => response.body.includes(form));
  if (found.length === 0) return response;
  const text = found.reduce((rest, form) => rest.replaceAll(form, withheld), response.body.toString('utf8'));
  return { ...response, body: Buffer.from(text) };
}
