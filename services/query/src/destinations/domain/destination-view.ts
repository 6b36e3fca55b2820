// What is shown of a destination: its settings without the token, whether they have arrived at the forwarders, and how delivery goes.
import { laneReasons, type DestinationType } from '@auditlane/contracts';
import { adviceOn } from '@auditlane/destinations';

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
    readonly failing_since: string | null;
    readonly delivered_through: number;
    readonly last_success_at: string | null;
    readonly oldest_unsent_at: string | null;
    readonly updated_at: string;
  } | null;
  /** The newest loss: retention took these before they could be delivered. */
  readonly gap: { readonly from_seq: number; readonly to_seq: number; readonly at: string } | null;
  /** When the next owed event came, where it is still kept. */
  readonly owed_at: Date | null;
  readonly retention_days: number;
  readonly read_at: Date;
}

const steps: ReadonlySet<string> = new Set(laneReasons);

export const healthStates = ['starting', 'healthy', 'retrying', 'failing', 'disabled'] as const;
export type HealthState = (typeof healthStates)[number];

export interface DestinationHealth {
  readonly state: HealthState;
  readonly reason: string | null;
  readonly words: string | null;
  readonly fix: string | null;
  readonly since: string | null;
  readonly lagEvents: number;
  readonly lagSeconds: number;
  readonly oldestUnsentAt: string | null;
  readonly lostFrom: string | null;
  readonly lastSuccessAt: string | null;
  readonly deliveredThrough: number;
  readonly gap: { readonly fromSeq: number; readonly toSeq: number; readonly at: string } | null;
  readonly asOf: string | null;
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
  const { cursor, status, gap } = row;
  const state = stateOf(row);
  // A cursor is written at once, the status every few seconds: while the two differ, the cursor knows better.
  const told =
    state === 'retrying' && cursor && status?.state === 'healthy'
      ? { ...cursor, words: '', failing_since: cursor.since }
      : status;
  const quiet = state === 'healthy' || state === 'starting';
  const reason = quiet ? null : told?.reason || null;
  const owed = owedOf(row);
  return {
    state,
    reason,
    words: quiet ? null : told?.words || null,
    fix: reason === null ? null : adviceOn(reason) || null,
    since: state === 'starting' ? null : instant((quiet ? null : told?.failing_since) ?? told?.since ?? null),
    ...owed,
    lastSuccessAt: instant(status?.last_success_at ?? null),
    deliveredThrough: Math.max(nextOf(row), 1) - 1,
    gap: gap && { fromSeq: gap.from_seq, toSeq: gap.to_seq, at: new Date(gap.at).toISOString() },
    asOf: instant(status?.updated_at ?? null),
  };
}

function stateOf({ enabled, cursor, status }: DestinationRow): HealthState {
  if (!enabled) return 'disabled';
  const known = healthStates.find((state) => state === status?.state);
  // Enabled, but the forwarder's last word is from when it was not, or there is none yet.
  if (known === undefined || known === 'disabled') return 'starting';
  if (known !== 'healthy' || cursor?.state !== 'parked') return known;
  // Waiting for acknowledgements or catching up is no failure: the lag tells of it.
  return steps.has(cursor.reason) ? 'healthy' : 'retrying';
}

/**
 * A live destination without unsent events has none behind it, as long as a forwarder is alive to say so: its `delivered_through` is only
 * as fresh as the last report. Where none is alive, what was reported last is all that is known to be delivered.
 */
function nextOf({ cursor, status, head, start_seq: startSeq, applied_version: applied }: DestinationRow): number {
  if (cursor) return cursor.next_seq;
  if (!status) return startSeq;
  return status.oldest_unsent_at === null && applied !== null ? head + 1 : status.delivered_through + 1;
}

const dayMs = 86_400_000;

function owedOf(
  row: DestinationRow,
): Pick<DestinationHealth, 'lagEvents' | 'lagSeconds' | 'oldestUnsentAt' | 'lostFrom'> {
  const lagEvents = Math.max(0, row.head + 1 - Math.max(nextOf(row), 1));
  const oldest = row.owed_at ?? (row.status?.oldest_unsent_at ? new Date(row.status.oldest_unsent_at) : null);
  if (lagEvents === 0 || oldest === null) return { lagEvents, lagSeconds: 0, oldestUnsentAt: null, lostFrom: null };
  return {
    lagEvents,
    lagSeconds: Math.max(0, Math.round((row.read_at.getTime() - oldest.getTime()) / 1000)),
    oldestUnsentAt: oldest.toISOString(),
    lostFrom: new Date(oldest.getTime() + row.retention_days * dayMs).toISOString(),
  };
}

function instant(text: string | null): string | null {
  return text === null ? null : new Date(text).toISOString();
}
