// What a lane is reading from the store, and its leave to hold that much in memory.
import type { ByteBudget } from './byte-budget';
import type { DestinationView, Effect, ReadRequest } from './effects';
import { PagePermit } from './page-permit';

export interface Reading {
  readonly id: number;
  readonly purpose: 'page' | 'newest';
  readonly fromSeq: number;
}

export class PageReader {
  /** The last request failed, or there was none yet: the next one is small. */
  cautious = true;
  /** The tenant's highest seq when a page was last read. */
  head: number | undefined;
  /** The highest seq that came from Kafka, and what it was when the last page was asked for. */
  private announced = 0;
  private announcedBefore = 0;
  private reading: Reading | undefined;
  private readonly permit: PagePermit;

  constructor(
    private readonly host: { emit(effect: Effect): void; nextId(): number },
    granted: () => boolean,
  ) {
    this.permit = new PagePermit(granted);
  }

  get isBusy(): boolean {
    return this.reading !== undefined || this.permit.isAwaited;
  }

  /** An event is in the store: it may be read. */
  announce(seq: number): void {
    this.announced = Math.max(this.announced, seq);
  }

  /** The last page reached the tenant's head, and nothing has come since it was asked for. */
  isCaughtUp(reached: number): boolean {
    const { announced, head } = this;
    return head !== undefined && head <= reached && announced <= Math.max(reached, this.announcedBefore);
  }

  /** Nothing to read: what was taken of memory is given back. */
  rest(): void {
    this.permit.giveBack();
  }

  /** Whether the page may be read now; false: the lane is woken when it may. */
  mayHold(budget: ByteBudget, bytes: number): boolean {
    return this.permit.take(budget, bytes);
  }

  read({ id: destination, tenant }: DestinationView, purpose: Reading['purpose'], read: ReadRequest): void {
    const id = this.host.nextId();
    this.reading = { id, purpose, fromSeq: read.fromSeq };
    if (purpose === 'page') this.announcedBefore = this.announced;
    this.host.emit({ kind: 'read', destination, tenant, id, read });
  }

  /** What `id` asked for, once, and so many bytes came; `undefined`: an answer that nobody waits for. */
  take(id: number, bytes: number): Reading | undefined {
    const { reading } = this;
    if (reading?.id !== id) return undefined;
    this.reading = undefined;
    this.permit.shrink(bytes);
    return reading;
  }

  /** What is being read, or held, is of no use any more. */
  stop(): void {
    this.reading = undefined;
    this.permit.giveBack();
  }
}
