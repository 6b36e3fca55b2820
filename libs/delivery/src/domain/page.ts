// Reads a page from the store with suspicion: what should be there and is not is a gap, never a silent skip.
import type { DeliverableEvent } from '@auditlane/destinations';
import type { Gap } from './effects';

export interface ExaminedPage {
  readonly gaps: readonly Gap[];
  /** Everything up to here is in the page or in a gap. */
  readonly through: number;
  /** The page reaches the tenant's head: there was nothing more when it was read. */
  readonly complete: boolean;
}

/** `head`: the tenant's highest seq, read before (or in the same snapshot as) the rows. */
export function examinePage(fromSeq: number, rows: readonly DeliverableEvent[], head: number): ExaminedPage {
  const gaps: Gap[] = [];
  let expected = fromSeq;
  for (const { seq } of rows) {
    if (seq > expected) gaps.push({ fromSeq: expected, toSeq: seq - 1 });
    expected = seq + 1;
  }
  // Rows that end early were cut by the page's size. No row at all below the head: they are gone.
  if (rows.length === 0 && expected <= head) {
    gaps.push({ fromSeq: expected, toSeq: head });
    expected = head + 1;
  }
  return { gaps, through: expected - 1, complete: expected > head };
}
