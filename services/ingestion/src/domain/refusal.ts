// Why a record is not taken, in words for the producer's developers. The words travel in a header and stand in the quarantine table.
import type { QuarantineReason } from '@auditlane/contracts';

export interface Refusal {
  readonly kind: 'refused';
  readonly reason: QuarantineReason;
  readonly detail: string;
}

const longestDetail = 500;
const longestExcerpt = 64;

/** Producers choose parts of the text, so control characters and bidi marks are shown as escapes: one line, wherever it is read. */
export function refused(reason: QuarantineReason, detail: string): Refusal {
  const safe = printable(detail);
  return {
    kind: 'refused',
    reason,
    detail: safe.length <= longestDetail ? safe : `${safe.slice(0, longestDetail - 3)}...`,
  };
}

/** A short quotation of what the producer sent. */
export function excerpt(text: string): string {
  const safe = printable(text.slice(0, longestExcerpt));
  return text.length > longestExcerpt || safe.length > longestExcerpt
    ? `"${safe.slice(0, longestExcerpt)}..."`
    : `"${safe}"`;
}

function printable(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
