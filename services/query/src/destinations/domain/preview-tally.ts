// What a preview has counted so far, and how much of the next stretch it may look at: from the newest event back, honest about where it stopped.
import type { Stretch, StretchRow } from './preview-sql';

export interface TallyBounds {
  readonly events: number;
  /** Events that a statement looks at: of the first one few, which tell the newest event found at once. */
  readonly firstRows: number;
  readonly rows: number;
}

export interface Counts {
  readonly matched: number;
  readonly total: number;
}

export interface Tally {
  readonly actions: ReadonlyMap<string, Counts>;
  /** The seq of the newest event found. */
  readonly newest: number | undefined;
  readonly after: Stretch['after'];
  readonly seen: number;
  /** There is nothing behind what was counted. */
  readonly complete: boolean;
}

export const emptyTally: Tally = { actions: new Map(), newest: undefined, after: undefined, seen: 0, complete: false };

/** 0 where it is enough. */
export function nextRows({ after, complete, seen }: Tally, bounds: TallyBounds): number {
  return complete ? 0 : Math.min(after ? bounds.rows : bounds.firstRows, bounds.events - seen);
}

/** `asked`: how many rows the stretch might have had. */
export function withStretch(tally: Tally, stretch: StretchRow, asked: number): Tally {
  const actions = new Map(tally.actions);
  for (const [action, [total, matched]] of Object.entries(stretch.actions ?? {})) {
    const before = actions.get(action);
    actions.set(action, { matched: (before?.matched ?? 0) + matched, total: (before?.total ?? 0) + total });
  }
  const { last_micros: occurredAtMicros, last_seq: seq } = stretch;
  return {
    actions,
    newest: tally.newest ?? stretch.newest ?? undefined,
    after: occurredAtMicros === null || seq === null ? tally.after : { occurredAtMicros, seq },
    seen: tally.seen + stretch.rows,
    complete: stretch.rows < asked,
  };
}

export function totalOf({ actions }: Tally): Counts {
  const all = [...actions.values()];
  const sum = (of: (counts: Counts) => number): number => all.reduce((before, counts) => before + of(counts), 0);
  return { matched: sum(({ matched }) => matched), total: sum(({ total }) => total) };
}

const topActions = 10;

export function topOf({ actions }: Tally): readonly (Counts & { readonly action: string })[] {
  return [...actions]
    .map(([action, counts]) => ({ action, ...counts }))
    .filter(({ matched }) => matched > 0)
    .toSorted((first, second) => second.matched - first.matched || (first.action < second.action ? -1 : 1))
    .slice(0, topActions);
}
