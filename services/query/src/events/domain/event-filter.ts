// Which events a request asks for. Its text form is what a cursor is bound to.

export interface EventFilter {
  readonly area?: string | undefined;
  readonly action?: string | undefined;
  readonly category?: string | undefined;
  readonly workspace?: string | undefined;
  readonly actor?: string | undefined;
  /** Milliseconds since the epoch, inclusive. */
  readonly from?: number | undefined;
  /** Milliseconds since the epoch, exclusive: two adjoining spans share no event. */
  readonly to?: number | undefined;
}

/** The same filter always gives the same text, whatever the order of its parts. */
export function filterText(filter: EventFilter): string {
  const { area, action, category, workspace, actor, from, to } = filter;
  return JSON.stringify([area, action, category, workspace, actor, from, to].map((value) => value ?? null));
}
