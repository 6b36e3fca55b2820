// Makes findings from a type's table of codes and from the verdicts of delivery, so that a test and delivery never disagree on an answer.
import { adviceFor } from './advice';
import type { CodeTable, Finding, Judged, ProbeStage } from './probe';
import { statusCodes } from './status-codes';
import type { InboundResponse, Verdict } from './types';
import { receiverWords } from './words';

export type Refusal = Extract<Verdict, { kind: 'retry' | 'split' | 'poison' | 'park' }>;

export interface Said {
  readonly words?: string;
  /** Instead of the table's sentence, where what was found has a name. */
  readonly detail?: string;
}

export interface Findings {
  /** A row of the type's table. */
  of(code: string, said?: Said): Finding;
  /** What delivery would have made of this answer. `code` where the type has a better one than the verdict's. */
  refused(verdict: Refusal, step: ProbeStage, code?: string): Finding;
}

export const found = (...findings: readonly Finding[]): Judged => ({ findings });

export function findingsFrom(own: CodeTable): Findings {
  const table: CodeTable = { ...statusCodes, ...own };
  return {
    of(code, { words = '', detail } = {}) {
      const entry = table[code];
      if (entry === undefined) throw new Error(`no such code: ${code}`);
      return { stage: entry.stage, state: entry.state, code, detail: detail ?? entry.meaning, words, fix: entry.fix };
    },
    refused(verdict, step, better) {
      const code = better ?? verdict.code ?? verdict.reason;
      const entry = table[code];
      return {
        stage: stageOf(verdict.reason) ?? entry?.stage ?? step,
        state: 'failed',
        code,
        reason: verdict.reason,
        detail: entry?.meaning ?? `The receiver refuses (${code}).`,
        words: verdict.words ?? '',
        fix: entry?.fix ?? adviceFor(verdict.reason),
      };
    },
  };
}

function stageOf(reason: Refusal['reason']): ProbeStage | undefined {
  if (reason === 'credentials_refused') return 'authentication';
  return reason === 'permission_refused' || reason === 'index_refused' || reason === 'target_not_writable'
    ? 'permission'
    : undefined;
}

/** A redirect says everything in a header. */
export function wordsOf(verdict: Refusal, response: InboundResponse): Refusal {
  const to = response.headers['location'];
  return verdict.reason === 'redirected' && to !== undefined ? { ...verdict, words: receiverWords(to) } : verdict;
}
