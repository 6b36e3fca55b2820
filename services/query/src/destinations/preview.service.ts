// Shows what a filter would send: counts over the last day, as far as they come in the time there is, and the newest event found, encoded.
import { randomUUID } from 'node:crypto';
import { catalogueEntry } from '@auditlane/contracts';
import type { Query } from '@auditlane/search';
import type { Fault } from '../problem/problem';
import { readFilter } from './domain/filter-rule';
import { madeUpEvent, sampleRequest } from './domain/preview-sample';
import { emptyTally, nextRows, topOf, totalOf, withStretch, type Tally } from './domain/preview-tally';
import type { PreviewRepository } from './preview.repository';
import type { Preview, PreviewBody } from './preview.schema';

export type Previewed =
  { readonly ok: true; readonly preview: Preview } | { readonly ok: false; readonly faults: readonly Fault[] };

const spanMs = 86_400_000;
/** For all counting together. */
const timeMs = 2_000;
/** With less of it left no statement is worth beginning. */
const leastTimeMs = 50;
const bounds = { events: 200_000, firstRows: 1_000, rows: 20_000 };

export class PreviewService {
  constructor(private readonly events: PreviewRepository) {}

  async preview(tenant: string, body: PreviewBody): Promise<Previewed> {
    const reading = readFilter(body.filter);
    if (!reading.ok) return reading;
    const { filter, query } = reading;
    const to = Date.now();
    const span = { from: to - spanMs, to };
    const tally = await this.count(tenant, query, span);
    const found = tally.newest === undefined ? undefined : await this.events.event(tenant, tally.newest);
    const sampled = sampleRequest(randomUUID(), body, found ?? madeUpEvent(tenant, query, to));
    if (!sampled.ok)
      return { ok: false, faults: sampled.faults.map(({ field, words }) => ({ path: field, message: words })) };
    const preview: Preview = {
      filter,
      from: new Date(span.from).toISOString(),
      to: new Date(to).toISOString(),
      ...totalOf(tally),
      atLeast: !tally.complete,
      actions: topOf(tally).map((counts) => ({
        ...counts,
        name: catalogueEntry(counts.action)?.name ?? counts.action,
      })),
      sample: { madeUp: found === undefined, seq: found?.seq ?? null, request: sampled.request },
    };
    return { ok: true, preview };
  }

  private async count(tenant: string, query: Query, span: { from: number; to: number }): Promise<Tally> {
    const deadline = performance.now() + timeMs;
    let tally = emptyTally;
    for (let rows = nextRows(tally, bounds); rows > 0; rows = nextRows(tally, bounds)) {
      const left = Math.floor(deadline - performance.now());
      if (left < leastTimeMs) break;
      const stretch = await this.events.count({ tenant, query, ...span, after: tally.after, rows }, left);
      if (!stretch) break;
      tally = withStretch(tally, stretch, rows);
    }
    return tally;
  }
}
