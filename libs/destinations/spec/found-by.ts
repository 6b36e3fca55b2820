// What a step of Test Connection finds in an answer, short enough for tables: stage:state:code.
import type { InboundResponse, Judged, ProbeStep } from '../src';

export const foundIn = (judged: Judged): readonly string[] =>
  judged.findings.map(({ stage, state, code }) => `${stage}:${state}:${code}`);

export function foundBy(step: ProbeStep | undefined, response: InboundResponse): readonly string[] | string {
  const judged = step?.judge(response) ?? 'no such step';
  return typeof judged === 'string' ? judged : foundIn(judged);
}
