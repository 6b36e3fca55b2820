// Which stored event comes before which in a partition. Each record of `stored` says it, so that a forwarder notices one that Kafka lost.
// Too small a link only notices less; too large a one makes destinations read from the store what they have. Neither loses an event.

export interface ChainAtClaim {
  readonly nextOffset: number;
  readonly publishedOffset: number;
  /** The last stored event below `publishedOffset`: −1 where there is none, undefined where it is not known. */
  readonly storedBefore: number | undefined;
}

/** What the first event of a claim is linked to. */
export function chainStart({ nextOffset, publishedOffset, storedBefore }: ChainAtClaim, logStart: number) {
  // Kafka deleted what may have to be published again: that anything stood there is assumed, and forwarders look into the store.
  return logStart > publishedOffset ? Math.min(logStart, nextOffset) - 1 : storedBefore;
}

export class StoredChain {
  /** Published, in order, but perhaps not acknowledged: these may be handed in again. */
  private open: number[] = [];

  constructor(private settled: number | undefined) {}

  /** The last stored event below what is handed in now: all of those are acknowledged. */
  get before(): number | undefined {
    return this.settled;
  }

  /** Records are handed in from `offset` on, for the first time or again. */
  handedIn(offset: number): void {
    const last = this.open.findLast((at) => at < offset) ?? this.settled;
    // From before anything that is known here; a link to an event behind it would be a false one.
    this.settled = last === undefined || last < offset ? last : undefined;
    this.open = [];
  }

  /** The event stored before this one, which is the next to be published. */
  link(offset: number): number | undefined {
    const previous = this.open.at(-1) ?? this.settled;
    this.open.push(offset);
    return previous;
  }
}
