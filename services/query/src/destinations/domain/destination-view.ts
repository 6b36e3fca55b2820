// What is shown of a destination: its settings without the token, whether they have arrived at the forwarders, and how delivery goes.
import type { DestinationType } from '@auditlane/contracts';

/** One row of settings with what the forwarders say about it. */
export interface DestinationRow {
  readonly id: string;
  readonly type: DestinationType;
  readonly name: string;
  readonly enabled: boolean;
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly ca_pem: string | null;
  readonly filter: string | null;
  readonly token: unknown;
  readonly token_last4: string;
  readonly version: number;
  readonly start_seq: number;
  readonly created_at: Date;
  readonly updated_at: Date;
  /** The lowest version applied by the replicas of this type that are alive; null where none is. */
  readonly applied_version: number | null;
  /** The tenant's last stored seq. */
  readonly head: number;
  readonly cursor: {
    readonly next_seq: number;
    readonly state: string;
    readonly reason: string;
    readonly since: string;
  } | null;
  readonly status: {
    readonly state: string;
    readonly reason: string;
    readonly words: string;
    readonly since: string;
    readonly delivered_through: number;
    readonly last_success_at: string | null;
    readonly oldest_unsent_at: string | null;
    readonly updated_at: string;
  } | null;
}

export const healthStates = ['starting', 'healthy', 'retrying', 'failing', 'disabled'] as const;
export type HealthState = (typeof healthStates)[number];

export interface DestinationHealth {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly words: string | null;
  readonly since: string | null;
  readonly lagEvents: number;
  readonly oldestUnsentAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly reportedAt: string | null;
}

export interface DestinationView {
  readonly id: string;
  readonly type: DestinationType;
  readonly name: string;
  readonly enabled: boolean;
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly caPem: string | null;
  readonly filter: string | null;
  readonly tokenLast4: string;
  readonly version: number;
  readonly appliedVersion: number | null;
  readonly applied: boolean;
  readonly startSeq: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly health: DestinationHealth;
}

export function viewOf(row: DestinationRow): DestinationView {
  return {
    id: row.id,
    type: row.type,
    name: row.name,
    enabled: row.enabled,
    url: row.url,
    options: row.options,
    caPem: row.ca_pem,
    filter: row.filter,
    tokenLast4: row.token_last4,
    version: row.version,
    appliedVersion: row.applied_version,
    applied: row.applied_version !== null && row.applied_version >= row.version,
    startSeq: row.start_seq,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
    health: healthOf(row),
  };
}

function healthOf(row: DestinationRow): DestinationHealth {
  const { cursor, status } = row;
  const state = stateOf(row);
  // A cursor is written at once, the status every few seconds: while the two differ, the cursor knows better.
  const told = state === 'retrying' && cursor && status?.state === 'healthy' ? { ...cursor, words: '' } : status;
  const quiet = state === 'healthy' || state === 'starting';
  return {
    state,
    reason: quiet ? null : told?.reason || null,
    words: quiet ? null : told?.words || null,
    since: state === 'starting' ? null : instant(told?.since ?? null),
    lagEvents: lagOf(row),
    oldestUnsentAt: instant(status?.oldest_unsent_at ?? null),
    lastSuccessAt: instant(status?.last_success_at ?? null),
    reportedAt: instant(status?.updated_at ?? null),
  };
}

function stateOf({ enabled, cursor, status }: DestinationRow): HealthState {
  if (!enabled) return 'disabled';
  const known = healthStates.find((state) => state === status?.state);
  // Enabled, but the forwarder's last word is from when it was not, or there is none yet.
  if (known === undefined || known === 'disabled') return 'starting';
  return known === 'healthy' && cursor?.state === 'parked' ? 'retrying' : known;
}

/** A live destination without unsent events has none behind it: its `delivered_through` is only as fresh as the last report. */
function lagOf({ cursor, status, head, start_seq: startSeq }: DestinationRow): number {
  const next =
    cursor?.next_seq ??
    (status === null ? startSeq : status.oldest_unsent_at === null ? head + 1 : status.delivered_through + 1);
  return Math.max(0, head + 1 - Math.max(next, 1));
}

function instant(text: string | null): string | null {
  return text === null ? null : new Date(text).toISOString();
}
