// The limits of an event; each can be set by the operator, each has its own reason code when it is passed.

export interface EventLimits {
  /** Size of a record's value, and of the canonical bytes made from it. */
  readonly eventBytes: number;
  /** Levels of nesting, the event itself being the first. */
  readonly depth: number;
  readonly parameters: number;
  readonly detailsBytes: number;
  /** Events whose occurredAt is older than this at the time of the record are quarantined as `too_old`. */
  readonly retentionDays: number;
  /** Events further ahead than this are stored with the flag `clockSkew`. */
  readonly clockSkewMs: number;
}

export const defaultLimits: EventLimits = {
  eventBytes: 256 * 1024,
  depth: 8,
  parameters: 100,
  detailsBytes: 8 * 1024,
  retentionDays: 30,
  clockSkewMs: 10 * 60_000,
};
