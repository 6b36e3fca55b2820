// How much of a replay's events is in memory: what is being read, the leave to hold it, and up to where the range is known.
import type { DeliverableEvent } from '@auditlane/destinations';
import type { ByteBudget } from './byte-budget';
import type { DestinationView } from './effects';
import type { Entry } from './entry-queue';
import type { Knobs } from './knobs';
import { PagePermit } from './page-permit';
import type { Letter, ReplayEffect, ReplayOrder } from './replay-effects';
import { ReplayPieces } from './replay-pieces';

export interface PagesHost {
  readonly knobs: Pick<Knobs, 'probeEvents' | 'probeBytes'>;
  /** Bytes of the pages of all replays, and of those that only find out whether a receiver takes anything: neither is the drains'. */
  readonly budgets: { readonly pages: ByteBudget; readonly probes: ByteBudget };
  emit(effect: ReplayEffect): void;
  nextId(): number;
}

/** A page is at most this much: a replay is never in a hurry, and there may be many. */
const pageBytes = 512 * 1024;
const pageEvents = 500;

export class ReplayPages {
  readonly pieces = new ReplayPieces();
  /** The last request failed, or there was none yet: the next one is small. */
  cautious = true;
  private reading: { readonly id: number; readonly purpose: 'page' | 'elsewhere' } | undefined;
  private readonly permit: PagePermit;

  constructor(
    private readonly host: PagesHost,
    private readonly order: ReplayOrder,
    /** Everything up to here is in the pieces, or behind them. */
    private through: number,
    granted: () => boolean,
  ) {
    this.permit = new PagePermit(() => !this.reading && granted());
  }

  get reached(): number {
    return this.through;
  }

  get hasMore(): boolean {
    return this.through < this.order.toSeq;
  }

  get isBusy(): boolean {
    return this.reading !== undefined || this.permit.isAwaited;
  }

  /** The next page, now or when there is memory for it. */
  readOn({ limits }: DestinationView): void {
    const { knobs, budgets } = this.host;
    const maxBytes = this.cautious ? knobs.probeBytes : Math.min(limits.bytes, pageBytes);
    if (!this.permit.take(this.cautious ? budgets.probes : budgets.pages, maxBytes)) return;
    const maxEvents = this.cautious ? knobs.probeEvents : Math.min(limits.events, pageEvents);
    this.read('page', this.through + 1, maxEvents, maxBytes);
  }

  /** Some events up to `place`, to find one that may be taken; they do not become part of the pages. */
  readElsewhere(place: number): void {
    const { probeEvents, probeBytes } = this.host.knobs;
    this.read('elsewhere', Math.max(this.through, place - probeEvents) + 1, probeEvents, probeBytes);
  }

  /** Rows of a page were taken in; or those from elsewhere, which are the caller's; `undefined`: nobody waits for them. */
  take(
    id: number,
    rows: readonly DeliverableEvent[],
    view: DestinationView,
    now: number,
  ): 'page' | Entry[] | undefined {
    const purpose = this.arrived(id);
    const within = rows.filter(({ seq }) => seq <= this.order.toSeq);
    const wants = (event: DeliverableEvent): boolean => !view.wanted || view.wanted(event);
    if (purpose === 'elsewhere') return within.filter(wants).map((event) => entryOf(event, view, now));
    if (!purpose) return undefined;
    for (const event of within) {
      this.missUpTo(event.seq - 1);
      if (wants(event)) this.pieces.add(entryOf(event, view, now));
      else this.pieces.pass('unwanted', event.seq, 1);
      this.through = event.seq;
    }
    if (within.length === 0) this.missUpTo(this.order.toSeq);
    this.pieces.bury(false);
    return purpose;
  }

  takeLetters(id: number, letters: readonly Letter[], view: DestinationView, now: number): void {
    if (!this.arrived(id)) return;
    for (const { seq, event, stands } of letters) {
      if (!stands) this.pieces.pass('unwanted', seq, 1);
      else if (event) this.pieces.add(entryOf(event, view, now));
      else this.pieces.pass('missing', seq, 1);
      this.through = seq;
    }
    if (letters.length > 0) return;
    this.through = this.order.toSeq;
    this.pieces.pass('missing', this.through, 0);
  }

  /** What is not settled will be read again from there. */
  letGo(nextSeq: number): void {
    this.pieces.drop();
    this.reading = undefined;
    this.permit.giveBack();
    this.through = nextSeq - 1;
  }

  giveBack(): void {
    this.permit.giveBack();
  }

  private read(purpose: 'page' | 'elsewhere', fromSeq: number, maxEvents: number, maxBytes: number): void {
    const id = this.host.nextId();
    this.reading = { id, purpose };
    const { id: replay, kind, tenant } = this.order;
    const read = { fromSeq, maxEvents, maxBytes };
    this.host.emit({ kind: kind === 'range' ? 'read' : 'read_letters', replay, tenant, id, read });
  }

  private arrived(id: number): 'page' | 'elsewhere' | undefined {
    const { reading } = this;
    if (reading?.id !== id) return undefined;
    this.reading = undefined;
    return reading.purpose;
  }

  private missUpTo(seq: number): void {
    if (seq > this.through) this.pieces.pass('missing', seq, seq - this.through);
    this.through = Math.max(this.through, seq);
  }
}

function entryOf(event: DeliverableEvent, view: DestinationView, at: number): Entry {
  return { event, bytes: view.size(event), held: 0, at, slot: -1, state: 'pending', refusal: undefined };
}
