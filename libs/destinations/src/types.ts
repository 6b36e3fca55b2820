// What a destination type is: a pure value that turns events into one request and one answer into a verdict per event.
import type { DestinationType, ParkReason, PoisonReason, StoredHeaders, TransientReason } from '@auditlane/contracts';
import type { z } from 'zod';
import type { InboundResponse, OutboundRequest } from './messages';
import type { Probe } from './probe';

export type { InboundResponse, OutboundRequest } from './messages';

export interface DeliverableEvent {
  readonly seq: number;
  /** The stored bytes. They are spliced into bodies as they are: what a receiver gets is what is stored. */
  readonly canonical: Buffer;
  readonly headers: StoredHeaders;
}

/**
 * - `delivered`: the receiver said so, in the words its protocol has for it. Never a guess. `diverted`: it keeps the event, but beside the target
 *   (Elasticsearch's failure store), where its owner has to look for it.
 * - `accepted`: taken in, and delivered only once `ackId` is acknowledged. The events of one request share it.
 *   `unacknowledged` on `delivered`: taken in by a receiver that may acknowledge, in an answer that has no id to ask about.
 * - `retry`: says nothing against the event or the settings; send again, not before `afterMs` where it is given.
 * - `split`: the request as a whole was refused for its content or size. Halve it; an event refused alone is poison for `reason`.
 * - `poison`: this event, and only this one, was refused.
 * - `park`: no event of this destination can be delivered until something is changed on the other side or in the settings.
 *
 * `words` is the receiver's own text, cleaned and capped (`receiverWords`); still to be escaped where it is shown.
 */
export type Verdict =
  | {
      readonly kind: 'delivered';
      readonly slowDown?: boolean;
      readonly diverted?: boolean;
      readonly unacknowledged?: boolean;
    }
  | { readonly kind: 'accepted'; readonly ackId: number; readonly slowDown?: boolean }
  | {
      readonly kind: 'retry';
      readonly reason: TransientReason;
      readonly afterMs?: number;
      readonly code?: string;
      readonly words?: string;
    }
  | { readonly kind: 'split'; readonly reason: PoisonReason; readonly code?: string; readonly words?: string }
  | { readonly kind: 'poison'; readonly reason: PoisonReason; readonly code: string; readonly words: string }
  | { readonly kind: 'park'; readonly reason: ParkReason; readonly code: string; readonly words: string };

/**
 * What a receiver says when it is asked about ids. Nothing but its explicit yes is in `ackIds`.
 * - `disabled`: it does not acknowledge any more; what it took in is as safe as it will ever say.
 */
export type PollAnswer =
  | { readonly kind: 'acknowledged'; readonly ackIds: readonly number[] }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'refused'; readonly verdict: Extract<Verdict, { kind: 'retry' | 'park' }> };

/** How a receiver that hands out ids is asked what is safe with it. */
export interface Acknowledgement {
  poll(ackIds: readonly number[]): OutboundRequest;
  judge(response: InboundResponse, ackIds: readonly number[]): PollAnswer;
}

/** Caps of one request. `bytes` is measured before compression, as receivers measure it. */
export interface DestinationLimits {
  readonly events: number;
  readonly bytes: number;
  readonly timeoutMs: number;
}

/** A destination as it is stored, its token opened. `options` is checked against the type's settings schema. */
export interface DestinationConfig {
  /** The destination's UUID. A test of unsaved settings gives a fresh one. */
  readonly id: string;
  /**
   * Splunk's request channel: a UUID of whoever opens the destination, never shared, since acknowledgements count in it and are told once.
   * The destination's id where nothing is awaited.
   */
  readonly channel?: string;
  readonly url: string;
  readonly options: unknown;
  readonly token: string;
  /** The clock that a Retry-After date is read against where the answer has no Date of its own. */
  readonly now?: () => number;
}

/** What is wrong with a configuration, and where: `field` is `url`, `token` or `options.…`. Holds no secret. */
export interface ConfigFault {
  readonly field: string;
  readonly code: string;
  readonly words: string;
}

export type UrlCheck = { readonly ok: true; readonly url: string } | ({ readonly ok: false } & ConfigFault);

/** A destination ready to send: settings parsed, address settled, constant parts of the requests made. */
export interface Destination {
  readonly type: DestinationType;
  readonly limits: DestinationLimits;
  /** What the event adds to a body, never less: events whose sizes stay within limits.bytes make a body that does. */
  size(event: DeliverableEvent): number;
  /** One request for these events, in this order. At least one event, at most limits.events. */
  encode(events: readonly DeliverableEvent[]): OutboundRequest;
  /** Exactly one verdict per event, in order; throws for no answer whatever. */
  judge(response: InboundResponse, events: readonly DeliverableEvent[]): readonly Verdict[];
  /** Only where the type has such a thing, and the settings ask for it. */
  readonly acknowledgement?: Acknowledgement;
  /** What Test Connection asks. Writes no event, unless it is given one to write: that goes the way of every event. */
  probe(event?: DeliverableEvent): Probe;
  /** The answer's text for the list of attempts: without the token, cleaned and capped; still to be escaped where it is shown. */
  said(response: InboundResponse): string;
}

export type OpenResult =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

export interface DestinationDefinition {
  readonly type: DestinationType;
  /** Strict; every entry described for OpenAPI. Never holds a secret. */
  readonly settings: z.ZodType<Readonly<Record<string, unknown>>>;
  readonly limits: DestinationLimits;
  /** The rules for the URL as an admin pastes it; `url` is its normal form, for comparing hosts and for showing. */
  checkUrl(url: string): UrlCheck;
  /** All faults at once. In a forwarder a fault parks the destination as `configuration_refused`. */
  open(config: DestinationConfig): OpenResult;
}

/** What libs/egress says where no answer came. */
export interface EgressFailure {
  readonly reason: TransientReason | ParkReason;
  readonly code: string;
  readonly words: string;
}
