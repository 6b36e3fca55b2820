// What is saved of a filter: its canonical form, the one that every service prints and reads the same way. Other spellings of it are not kept.
import { parseFilter, print, type Query, type SearchFault } from '@auditlane/search';
import type { Fault } from '../../problem/problem';

export type FilterReading =
  /** `null`: every event of the tenant. */
  | { readonly ok: true; readonly filter: string | null; readonly query: Query }
  | { readonly ok: false; readonly faults: readonly Fault[] };

const everything: FilterReading = { ok: true, filter: null, query: { terms: [] } };

export function readFilter(text: string | null | undefined): FilterReading {
  if (text === null || text === undefined) return everything;
  const parsed = parseFilter(text);
  if (!parsed.ok) return { ok: false, faults: parsed.faults.map(faultOf) };
  return parsed.query.terms.length === 0 ? everything : { ok: true, filter: print(parsed.query), query: parsed.query };
}

/** Of a destination that is switched off, a filter that was saved by another version may stay as it is: nothing is decided by it. */
export function readFilterAtRest(text: string | null | undefined, saved: string | null): FilterReading {
  const reading = readFilter(text);
  return reading.ok || text !== saved ? reading : { ok: true, filter: saved, query: { terms: [] } };
}

const faultOf = ({ code, start, end, words, suggestion }: SearchFault): Fault => ({
  path: 'filter',
  message: words,
  code,
  start,
  end,
  ...(suggestion === undefined ? {} : { suggestion }),
});
