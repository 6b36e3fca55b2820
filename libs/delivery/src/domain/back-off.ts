// How long to wait before the next try: doubling with full jitter, so that a thousand destinations behind one dead receiver spread out.
import type { Knobs } from './knobs';

type Pace = Pick<Knobs, 'backoffBaseMs' | 'backoffCapMs' | 'retryAfterCapMs'>;

export function backOffMs(attempt: number, afterMs: number | undefined, knobs: Pace, random: () => number): number {
  const ceiling = Math.min(knobs.backoffCapMs, knobs.backoffBaseMs * 2 ** Math.min(attempt - 1, 30));
  const asked =
    afterMs === undefined || Number.isNaN(afterMs) ? 0 : Math.min(Math.max(afterMs, 0), knobs.retryAfterCapMs);
  return Math.max(asked, Math.ceil(random() * ceiling));
}
