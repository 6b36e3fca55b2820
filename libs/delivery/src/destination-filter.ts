// A destination's filter, compiled once for each version of its settings, and the one look into an event that all filters share.
import type { DeliverableEvent } from '@auditlane/destinations';
import { eventContent, parseFilter, predicate, type EventContent } from '@auditlane/search';

export type DestinationFilter =
  /** `wanted` left out: there is no filter, every event is. */
  | { readonly ok: true; readonly wanted?: (event: DeliverableEvent) => boolean }
  | { readonly ok: false; readonly code: string; readonly words: string };

export function compileFilter(text: string | null): DestinationFilter {
  if (text === null) return { ok: true };
  const parsed = parseFilter(text);
  if (!parsed.ok) {
    const [fault] = parsed.faults;
    return { ok: false, code: fault?.code ?? 'invalid', words: `The filter cannot be read. ${fault?.words ?? ''}` };
  }
  if (parsed.query.terms.length === 0) return { ok: true };
  const compiled = predicate(parsed.query);
  return { ok: true, wanted: (event) => compiled.matches(event.headers, () => contentOf(event)) };
}

/**
 * The last event that was looked into: one event comes to all destinations of its tenant in a row, so that it is parsed once at most. More than
 * one would be memory that no budget counts.
 */
let last: { readonly canonical: Buffer; readonly content: EventContent } | undefined;

function contentOf({ canonical }: DeliverableEvent): EventContent {
  if (last?.canonical !== canonical) last = { canonical, content: eventContent(canonical) };
  return last.content;
}
