// The words between the deciding part and its edges: what comes in about a destination, and what is asked of the outside.
import type { PoisonReason } from '@auditlane/contracts';
import type { DeliverableEvent, Verdict } from '@auditlane/destinations';

/** A destination's settings as far as deciding needs them. */
export interface DestinationView {
  readonly id: string;
  readonly tenant: string;
  /** Of the settings row: another version is another receiver, for all we know. */
  readonly version: number;
  readonly enabled: boolean;
  readonly startSeq: number;
  readonly startVersion: number;
  readonly limits: { readonly events: number; readonly bytes: number };
  /** What the event adds to a request's body. */
  size(event: DeliverableEvent): number;
  /** The destination's filter; left out: every event of the tenant. */
  wanted?(event: DeliverableEvent): boolean;
}

/** What `delivery.cursor` and `delivery.status` say of a destination when a partition is claimed. */
export interface SavedPosition {
  readonly destination: string;
  readonly cursor?: {
    readonly nextSeq: number;
    readonly state: CursorState;
    readonly since: number;
    readonly reason?: string;
  };
  readonly startedVersion: number;
  readonly deliveredThrough: number;
  readonly health?: SavedHealth;
}

export interface SavedHealth {
  readonly state: HealthState;
  readonly reason: string;
  readonly words: string;
  readonly since: number;
  /** When the outage began that is still on: from the first failure, through every change of its name, to the next success. */
  readonly failingSince: number | undefined;
  readonly lastSuccessAt: number | undefined;
}

/** An event as it came from Kafka. */
export interface StoredEvent extends DeliverableEvent {
  readonly tenant: string;
  readonly acceptedOffset: number;
  /** The acceptedOffset of the event stored before it in the partition; −1 where there was none or the record does not say. */
  readonly previous: number;
}

/** One record of `stored`. Without an event it is a stranger's, or stands for a batch that nobody can read. */
export interface LogRecord {
  readonly offset: number;
  readonly lastOffset: number;
  readonly event?: StoredEvent;
  readonly unreadable?: boolean;
}

export type CursorState = 'parked' | 'disabled';
export type HealthState = 'healthy' | 'retrying' | 'failing' | 'disabled';

/** What a receiver, or the way to it, said against an event or a destination. */
export interface Refusal<R extends string = string> {
  readonly reason: R;
  readonly code: string;
  readonly words: string;
}

export interface DeadLetter {
  readonly event: DeliverableEvent;
  readonly refusal: Refusal<PoisonReason>;
}

/** Events that are not in the store any more (or never were) although the cursor stood before them. */
export interface Gap {
  readonly fromSeq: number;
  readonly toSeq: number;
}

/** One transaction on the delivery tables: all of it or nothing. */
export interface Write {
  readonly cursor?: { readonly nextSeq: number; readonly state: CursorState; readonly reason: string } | 'delete';
  /** Recorded together with the cursor of a start. */
  readonly startedVersion?: number;
  readonly deadLetters: readonly DeadLetter[];
  readonly gaps: readonly Gap[];
}

export interface ReadRequest {
  readonly fromSeq: number;
  readonly maxEvents: number;
  readonly maxBytes: number;
}

/** `id` ties the answer to the question; an answer to an older one is ignored. */
export type Effect =
  | {
      readonly kind: 'send';
      readonly destination: string;
      readonly id: number;
      readonly version: number;
      readonly events: readonly DeliverableEvent[];
    }
  /** Asks whether what these ids stand for is safe with the receiver. */
  | {
      readonly kind: 'poll';
      readonly destination: string;
      readonly id: number;
      readonly version: number;
      readonly ackIds: readonly number[];
    }
  /** A request or a poll. */
  | { readonly kind: 'abort'; readonly destination: string; readonly id: number }
  | {
      readonly kind: 'write';
      readonly destination: string;
      readonly tenant: string;
      readonly id: number;
      readonly write: Write;
    }
  | {
      readonly kind: 'read';
      readonly destination: string;
      readonly tenant: string;
      readonly id: number;
      readonly read: ReadRequest;
    }
  /** There is room again for the records that `batch` did not take. */
  | { readonly kind: 'room' }
  | { readonly kind: 'turned'; readonly destination: string; readonly from: HealthState; readonly to: HealthState }
  | { readonly kind: 'live'; readonly destination: string }
  | { readonly kind: 'acknowledged'; readonly destination: string; readonly events: number }
  /** They are sent again. */
  | {
      readonly kind: 'unacknowledged';
      readonly destination: string;
      readonly events: number;
      readonly fromSeq: number;
      readonly toSeq: number;
    };

/** Where a destination stands, as `delivery.status` has it. */
export interface StatusRow {
  readonly destination: string;
  readonly tenant: string;
  readonly startedVersion: number;
  readonly deliveredThrough: number;
  readonly state: HealthState;
  readonly reason: string;
  readonly words: string;
  readonly since: number;
  readonly failingSince: number | undefined;
  readonly lastSuccessAt: number | undefined;
  readonly oldestUnsentAt: number | undefined;
  /** Since the last row, newest first. */
  readonly attempts: readonly Attempt[];
}

/** What one request came to: a verdict per event and, where a request was made, what went over the wire. */
export interface Sent {
  readonly verdicts: readonly Verdict[];
  readonly exchange?: Exchange;
}

export interface Exchange {
  /** Missing where no answer came. */
  readonly status?: number;
  /** Of the request's body before compression; 0 where nothing of it left. */
  readonly bytes: number;
  /** The receiver's own, without the token, cleaned and capped; still to be escaped where they are shown. */
  readonly words: string;
}

/** One request in the list that admins see. */
export interface Attempt {
  readonly at: number;
  readonly ms: number;
  readonly events: number;
  readonly fromSeq: number;
  readonly toSeq: number;
  /** `bytes` and `status` are 0 where nothing was sent and where no answer came. */
  readonly bytes: number;
  readonly status: number;
  readonly result: string;
  readonly code: string;
  readonly words: string;
}
