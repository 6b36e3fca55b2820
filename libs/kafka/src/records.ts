// What handlers see of Kafka: records, the assignment they belong to, and the batch. Nothing here knows kafkajs.
import type { IncomingHeaders } from '@auditlane/contracts';

export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** LogAppendTime, milliseconds since the epoch. */
  readonly timestamp: number;
  /** Keys, values and headers are views into the fetched response: keeping one alive keeps the whole response alive. */
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: IncomingHeaders;
  /** Set on the one record that stands for a whole record batch that could not be read; `value` then holds the first 4 KiB of its raw bytes. */
  readonly undecodable?: { readonly lastOffset: number; readonly error: string } | undefined;
}

/** One partition, held by this process for one generation of its consumer group. */
export interface Assignment {
  readonly topic: string;
  readonly partition: number;
  /** Counts up with every (re)join of this process; an assignment never outlives its generation. */
  readonly generation: number;
  /** Aborted as soon as the partition is being taken away (`reason`: 'rebalancing', 'lost' or 'closing'). */
  readonly signal: AbortSignal;
  /**
   * Whether the last answered heartbeat is young enough (session time-out − 5 s, monotonic clock) that nobody else can own the partition yet.
   * Nothing that others would see may be started while this is false.
   */
  isFresh(): boolean;
  /** Whether this process is still in the generation of this assignment. True during the grace of a rebalance: commits still count. */
  isMember(): boolean;
  /** What the group had committed when this generation began, with its metadata; `undefined` where there is nothing. */
  committed(): Promise<{ offset: number; metadata: string } | undefined>;
  /** The partition's log now: `start` is the oldest retained offset, `end` one past the newest. */
  logRange(): Promise<{ start: number; end: number }>;
  /**
   * Commits `offset` (one past the last record done). Calls made while another commit is under way are joined into one. Settles when this or a
   * later offset is committed, or when the assignment has ended: then nothing is committed and the records come again, to whoever owns them.
   */
  commit(offset: number, metadata?: string): Promise<void>;
  /**
   * Claims the partition again, where a write was refused although no batch was there to be discarded. Settles when the handler has its new
   * claim, which comes after the group has confirmed the membership, or when the assignment has ended.
   */
  reclaim(): Promise<void>;
}

export interface Batch {
  readonly assignment: Assignment;
  readonly records: readonly KafkaRecord[];
  /** One past the newest record of the partition when this batch was fetched. */
  readonly highWatermark: number;
  /** Shows the group that this process is alive; the transport does it by itself while the handler's promise is pending. */
  heartbeat(): Promise<void>;
}

/** What a claim answers: where to go on reading, when that is not the group's committed offset. */
export interface Claim {
  readonly startAt?: number;
}
