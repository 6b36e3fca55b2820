// Which quarantine rows are kept when a flood comes: so many per tenant and day, so many per day; the rest is counted.
import { tenantIdSchema } from '@auditlane/contracts';
import type { QuarantineRow } from './quarantine-row';

export interface QuarantineCaps {
  readonly rowsPerTenantAndDay: number;
  readonly rowsPerDay: number;
}

export interface Tally {
  readonly day: string;
  readonly tenant: string;
  readonly kept: number;
  readonly overflow: number;
}

/** The tally of a whole day; never a tenant's id. */
export const wholeDay = '*';

/** Where a row is counted: names that are no tenant ids share one tally, or a flood of made-up names would fill that table instead. */
export const tallyTenant = (row: QuarantineRow): string =>
  tenantIdSchema.safeParse(row.tenant).success ? row.tenant : '';

const tallyKey = (day: string, tenant: string): string => `${day} ${tenant}`;

/** Splits rows into those there is room for and those that are only counted; `tallies` are those that changed, as they are afterwards. */
export function applyCaps(
  rows: readonly QuarantineRow[],
  before: readonly Tally[],
  caps: QuarantineCaps,
): { readonly kept: readonly QuarantineRow[]; readonly tallies: readonly Tally[] } {
  const known = new Map(before.map((tally) => [tallyKey(tally.day, tally.tenant), tally]));
  const changed = new Map<string, Tally>();
  const tallyAt = (day: string, tenant: string): Tally => {
    const key = tallyKey(day, tenant);
    return changed.get(key) ?? known.get(key) ?? { day, tenant, kept: 0, overflow: 0 };
  };
  const put = (tally: Tally) => changed.set(tallyKey(tally.day, tally.tenant), tally);

  const kept = rows.filter((row) => {
    const all = tallyAt(row.day, wholeDay);
    const own = tallyAt(row.day, tallyTenant(row));
    const dayIsFull = all.kept >= caps.rowsPerDay;
    if (!dayIsFull && own.kept < caps.rowsPerTenantAndDay) {
      put({ ...all, kept: all.kept + 1 });
      put({ ...own, kept: own.kept + 1 });
      return true;
    }
    put({ ...all, overflow: all.overflow + 1 });
    // Past the day's cap no tally is begun: their number is bounded by the rows kept.
    if (!dayIsFull || own.kept + own.overflow > 0) put({ ...own, overflow: own.overflow + 1 });
    return false;
  });
  return { kept, tallies: [...changed.values()] };
}
