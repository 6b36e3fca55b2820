// Writes stored events as JSON by splicing: the producer's fields leave as the bytes that were stored, never parsed and written anew.

export interface StoredEvent {
  readonly seq: number;
  readonly area: string;
  readonly category: string;
  /** A JSON object with at least one member. */
  readonly canonical: string;
}

export function eventJson({ seq, area, category, canonical }: StoredEvent): string {
  return `${canonical.slice(0, -1)},"area":${JSON.stringify(area)},"category":${JSON.stringify(category)},"seq":${seq}}`;
}

export function pageJson(events: readonly StoredEvent[], nextCursor: string | null): string {
  return `{"items":[${events.map(eventJson).join(',')}],"nextCursor":${JSON.stringify(nextCursor)}}`;
}
