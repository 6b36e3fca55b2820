// Turns a verdict into the line that Test Connection shows, so that the test and delivery can never disagree on an answer.
import { adviceFor } from './advice';
import type { ProbeResult, Verdict } from './types';

export const passed = (code: string, detail: string): ProbeResult => ({ ok: true, code, detail, fix: '' });

export function refused(verdict: Exclude<Verdict, { kind: 'delivered' }>): ProbeResult {
  return {
    ok: false,
    code: verdict.reason,
    detail: [verdict.code, verdict.words].filter(Boolean).join(': '),
    fix: adviceFor(verdict.reason),
  };
}
