// Catching up from the store: which events to send next while a cursor covers everything, and what a page of rows means.
import type { DeliverableEvent } from '@auditlane/destinations';
import type { ByteBudget } from './byte-budget';
import type { DestinationView, Effect, ReadRequest, Refusal } from './effects';
import type { Entry, EntryQueue } from './entry-queue';
import type { Knobs } from './knobs';
import type { Ledger } from './ledger';
import { examinePage } from './page';
import { PagePermit } from './page-permit';
import type { Suspects } from './suspects';

/** Why a request is made: to deliver, to ask for the first refused event again, or to see whether any later one is taken. */
export type Purpose = 'deliver' | 'retest' | 'later' | 'newest';

/** What draining needs of its lane. */
export interface DrainingLane {
  readonly settings: DestinationView;
  readonly queue: EntryQueue;
  readonly suspects: Suspects;
  readonly ledger: Ledger;
  /** How many events a request may carry at the moment. */
  readonly requestEvents: number;
  /** Everything wanted up to here is in the queue or done. */
  readonly reached: number;
  reach(seq: number): void;
  row(event: DeliverableEvent, now: number): Entry;
  wants(event: DeliverableEvent): boolean;
  isDraining(): boolean;
  send(entries: readonly Entry[], purpose: Purpose, now: number): void;
  fail(refusal: Refusal, afterMs: number | undefined, now: number, parks: boolean): void;
  beginTurning(): void;
  wakeAt(at: number): void;
}

export interface DrainHost {
  readonly knobs: Knobs;
  readonly budgets: { readonly drains: ByteBudget; readonly probes: ByteBudget };
  emit(effect: Effect): void;
  nextId(): number;
}

export class Drain {
  /** The last request failed, or there was none yet: the next one is small. */
  cautious = true;
  private reading: { readonly id: number; readonly purpose: 'page' | 'newest'; readonly fromSeq: number } | undefined;
  /** The tenant's highest seq when a page was last read. */
  private head: number | undefined;
  private readonly permit: PagePermit;

  constructor(
    private readonly lane: DrainingLane,
    private readonly host: DrainHost,
  ) {
    this.permit = new PagePermit(() => {
      lane.wakeAt(0);
      return lane.isDraining();
    });
  }

  get isBusy(): boolean {
    return this.reading !== undefined || this.permit.isAwaited;
  }

  get knownHead(): number {
    return this.head ?? 0;
  }

  /** What is being read is of no use any more. */
  stop(): void {
    this.reading = undefined;
    this.permit.giveBack();
  }

  next(now: number): void {
    const { queue, suspects, settings } = this.lane;
    const first = queue.firstOpen();
    if (first?.state === 'pending') suspects.retest = false;
    else if (first && suspects.retest) return this.lane.send([first], 'retest', now);
    else if (first && suspects.tooMany) return this.probe(now);
    const entries = queue.pick(this.requestSize(), settings.limits.bytes);
    if (entries.length > 0) this.lane.send(entries, 'deliver', now);
    else this.readOn();
  }

  /** The rows of the page that was asked for by `id`; `undefined`: an answer that nobody waits for. */
  page(id: number, rows: readonly DeliverableEvent[], head: number, now: number): { complete: boolean } | undefined {
    const { reading } = this;
    if (reading?.id !== id) return undefined;
    this.reading = undefined;
    if (reading.purpose === 'page') return this.takePage(reading.fromSeq, rows, head, now);
    const newest = rows.filter((row) => this.lane.wants(row)).at(-1);
    if (newest) this.lane.send([this.lane.row(newest, now)], 'newest', now);
    else this.nothingLater(now);
    return { complete: false };
  }

  /** After a page that brought nothing to send: refused events stay alone, or there is nothing left to be careful about. */
  foundNothing(now: number): void {
    const { suspects } = this.lane;
    if (!suspects.any) this.cautious = false;
    else if (!suspects.retest) this.nothingLater(now);
  }

  private requestSize(): number {
    const { requestEvents } = this.lane;
    return this.cautious ? Math.min(this.host.knobs.probeEvents, requestEvents) : requestEvents;
  }

  /** Refused three in a row: does it take any other? First one later event, from the second round on the newest. */
  private probe(now: number): void {
    const { queue, reached, suspects } = this.lane;
    const beyond = this.head === undefined || this.head > reached;
    if (suspects.beyondQueue && beyond) return this.readOn();
    const { probeEvents: maxEvents, pageBytes: maxBytes } = this.host.knobs;
    if (suspects.failedRounds > 0 && beyond && this.head !== undefined) {
      return this.read('newest', { fromSeq: Math.max(this.head - maxEvents, reached) + 1, maxEvents, maxBytes });
    }
    const pending = [...queue].filter((entry) => entry.state === 'pending');
    const chosen = suspects.failedRounds > 0 ? pending.at(-1) : pending[0];
    if (chosen) this.lane.send([chosen], 'later', now);
    else if (beyond) this.readOn();
    else this.nothingLater(now);
  }

  private nothingLater(now: number): void {
    const { queue, suspects } = this.lane;
    const said = queue.firstOpen()?.refusal ?? { reason: 'refuses_everything', code: '', words: '' };
    const { tooMany } = suspects;
    this.lane.fail(tooMany ? { ...said, reason: 'refuses_everything' } : said, undefined, now, true);
    suspects.lonely = !tooMany;
  }

  private readOn(): void {
    const { queue, reached, settings, suspects } = this.lane;
    const { knobs, budgets } = this.host;
    const maxBytes = this.cautious ? knobs.probeBytes : Math.min(settings.limits.bytes, knobs.pageBytes);
    if (!this.permit.take(this.cautious ? budgets.probes : budgets.drains, maxBytes)) return;
    const near = this.head !== undefined && this.head - reached <= settings.limits.events;
    // The rest fits one request: from here on the lane listens to Kafka again.
    if (near && !this.cautious && !suspects.any && queue.length === 0) this.lane.beginTurning();
    const maxEvents = this.cautious ? knobs.probeEvents : settings.limits.events;
    this.read('page', { fromSeq: reached + 1, maxEvents, maxBytes });
  }

  private read(purpose: 'page' | 'newest', read: ReadRequest): void {
    const { id: destination, tenant } = this.lane.settings;
    const id = this.host.nextId();
    this.reading = { id, purpose, fromSeq: read.fromSeq };
    this.host.emit({ kind: 'read', destination, tenant, id, read });
  }

  private takePage(
    fromSeq: number,
    rows: readonly DeliverableEvent[],
    head: number,
    now: number,
  ): { complete: boolean } {
    const { lane } = this;
    const page = examinePage(fromSeq, rows, head);
    this.head = head;
    lane.ledger.miss(page.gaps);
    for (const event of rows) if (lane.wants(event)) lane.queue.push(lane.row(event, now));
    lane.reach(page.through);
    lane.suspects.forgetThrough(page.through);
    lane.queue.settleFront();
    return { complete: page.complete };
  }
}
