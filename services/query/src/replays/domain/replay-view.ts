// What is shown of a replay: what was ordered, and how far the forwarder says it is.

export const replayStates = ['queued', 'running', 'waiting', 'paused', 'completed', 'cancelled'] as const;
export type ReplayState = (typeof replayStates)[number];

export interface ReplayRow {
  readonly id: string;
  readonly destination_id: string;
  readonly kind: 'range' | 'dead_letters';
  readonly from_seq: number;
  readonly to_seq: number;
  readonly wish: 'run' | 'pause' | 'cancel';
  readonly requested_by: string;
  readonly created_at: Date;
  readonly created_micros: string;
  /** Letters that were not tried yet; 0 for a range. */
  readonly letters_left: number;
  readonly progress: {
    readonly state: Exclude<ReplayState, 'queued'>;
    readonly next_seq: number;
    readonly delivered: number;
    readonly dead_lettered: number;
    readonly unwanted: number;
    readonly missing: number;
    readonly reason: string;
    readonly words: string;
    readonly updated_at: string;
  } | null;
}

export interface SeqRange {
  readonly fromSeq: number;
  readonly toSeq: number;
}

export interface ReplayView extends SeqRange {
  readonly id: string;
  readonly destinationId: string;
  readonly kind: ReplayRow['kind'];
  readonly wish: ReplayRow['wish'];
  readonly state: ReplayState;
  readonly reason: string | null;
  readonly words: string | null;
  readonly events: number;
  readonly nextSeq: number;
  readonly delivered: number;
  readonly deadLettered: number;
  readonly unwanted: number;
  readonly missing: number;
  readonly removed: SeqRange | null;
  readonly requestedBy: string;
  readonly createdAt: string;
  readonly updatedAt: string | null;
}

/** `oldest`: the first seq that retention has left. */
export function viewOf(row: ReplayRow, oldest: number): ReplayView {
  const { progress } = row;
  const delivered = progress?.delivered ?? 0;
  const deadLettered = progress?.dead_lettered ?? 0;
  const unwanted = progress?.unwanted ?? 0;
  const missing = progress?.missing ?? 0;
  const nextSeq = progress?.next_seq ?? row.from_seq;
  const settled = delivered + deadLettered + unwanted + missing;
  const isOver = progress?.state === 'completed' || progress?.state === 'cancelled';
  return {
    id: row.id,
    destinationId: row.destination_id,
    kind: row.kind,
    fromSeq: row.from_seq,
    toSeq: row.to_seq,
    wish: row.wish,
    state: stateOf(row),
    reason: progress?.reason || null,
    words: progress?.words || null,
    events: row.kind === 'range' ? row.to_seq - row.from_seq + 1 : settled + row.letters_left,
    nextSeq,
    delivered,
    deadLettered,
    unwanted,
    missing,
    removed: row.kind === 'range' && !isOver ? removedOf({ fromSeq: nextSeq, toSeq: row.to_seq }, oldest) : null,
    requestedBy: row.requested_by,
    createdAt: row.created_at.toISOString(),
    updatedAt: progress ? new Date(progress.updated_at).toISOString() : null,
  };
}

/** Retention takes the oldest events of a tenant first: what is gone of a range is its beginning. */
export function removedOf({ fromSeq, toSeq }: SeqRange, oldest: number): SeqRange | null {
  return fromSeq < oldest ? { fromSeq, toSeq: Math.min(toSeq, oldest - 1) } : null;
}

function stateOf({ progress }: ReplayRow): ReplayState {
  if (!progress || progress.reason === 'queued') return 'queued';
  return progress.state;
}
