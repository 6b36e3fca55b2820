// What a sink was sent, written down before it answers: the outside view that every delivery guarantee is checked against.
import type { SinkEvent } from './event';

export interface JournalEntry {
  /** 0, 1, 2 … in order of arrival. */
  readonly index: number;
  readonly at: number;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What stands behind the scheme in Authorization. */
  readonly token: string;
  readonly connection: number;
  /** As it was meant: decompressed. */
  readonly body: Buffer;
  readonly wireBytes: number;
  /** Everything that could be read from the body, in order. */
  readonly events: readonly SinkEvent[];
  /** What the receiver kept of them. */
  readonly taken: readonly SinkEvent[];
  /** 0 where it answered nothing. */
  readonly status: number;
}

export interface TenantCount {
  taken: number;
  lastSeq: number;
  /** Sequence numbers that were skipped and have not come since. */
  missing: number;
  /** Arrivals at or below the highest number seen. */
  repeats: number;
}

export type OnTaken = (tenant: string, seq: number) => void;

export class Journal {
  readonly entries: JournalEntry[] = [];
  readonly counts = new Map<string, TenantCount>();
  requests = 0;
  taken = 0;

  /** `limit`: how many requests are kept; the counts go on for ever. */
  constructor(
    private readonly limit: number,
    private readonly onTaken?: OnTaken,
  ) {}

  add(entry: JournalEntry): void {
    this.requests++;
    if (this.limit > 0) this.entries.push(entry);
    if (this.entries.length > this.limit) this.entries.shift();
    for (const event of entry.taken) this.count(event.tenant, event.seq);
  }

  count(tenant: string, seq: number): void {
    this.taken++;
    this.onTaken?.(tenant, seq);
    const known = this.counts.get(tenant);
    if (!known) {
      this.counts.set(tenant, { taken: 1, lastSeq: seq, missing: 0, repeats: 0 });
      return;
    }
    known.taken++;
    if (seq <= known.lastSeq) known.repeats++;
    else {
      known.missing += seq - known.lastSeq - 1;
      known.lastSeq = seq;
    }
  }

  clear(): void {
    this.entries.length = 0;
    this.counts.clear();
    this.requests = 0;
    this.taken = 0;
  }
}

export function takenEvents(entries: readonly JournalEntry[], tenant?: string): SinkEvent[] {
  const all = entries.flatMap((entry) => entry.taken);
  return tenant === undefined ? all : all.filter((event) => event.tenant === tenant);
}

/** Each (tenant, id) that was taken in more than once, with how often. */
export function duplicateEvents(entries: readonly JournalEntry[]): { tenant: string; id: string; times: number }[] {
  const times = new Map<string, { tenant: string; id: string; times: number }>();
  for (const { tenant, id } of takenEvents(entries)) {
    const key = JSON.stringify([tenant, id]);
    const known = times.get(key);
    if (known) known.times++;
    else times.set(key, { tenant, id, times: 1 });
  }
  return [...times.values()].filter((entry) => entry.times > 1);
}
