// Which requests a receiver took in and has not acknowledged. No event is kept: an id, the seqs it stands for, and since when. What is never
// acknowledged is read from the store and sent again.
import type { Refusal } from './effects';
import type { Knobs } from './knobs';
import { Spans, type Span } from './spans';

/** One request that was taken in. */
export interface Outstanding {
  readonly ackId: number;
  readonly spans: readonly Span[];
  readonly events: number;
  readonly sentAt: number;
}

interface Poll {
  readonly id: number;
  readonly asked: readonly Outstanding[];
}

const nobody: readonly Outstanding[] = [];
/** Shared by all lanes that never await anything, which are most. */
const nothing = new Set<Outstanding>();
const noIds = new Map<number, Outstanding>();

export class Acknowledgements {
  /** The receiver hands out ids. Then a cursor covers all events, always: no commit waits for an acknowledgement. */
  isOn = false;
  /** Ahead of the reading, after it went back: sent before and not to be sent again. */
  readonly past = new Spans();
  /** So many events were taken in by an answer that gave them no id: sent once more, by themselves, they get one. */
  proveFirst = 0;
  pollAt = Infinity;
  /** What was last said instead of an answer to a poll. */
  refusal: Refusal | undefined;

  private outstanding = nothing;
  /** Those that may be asked about. */
  private byId = noIds;
  private highestId = -1;
  private heldEvents = 0;
  private lowestSeq: number | undefined;
  /** Ids that this round of polls has still to ask about. */
  private round: number[] = [];
  private poll: Poll | undefined;
  /** Acknowledged while a request was in flight: its answer shows whether the ids still mean the same. */
  private early: readonly Outstanding[] = nobody;
  /** Requests since the last id, whose answers were lost: each may have been given one. */
  private unheard = 0;
  private inDoubt = false;

  constructor(private readonly knobs: Knobs) {}

  /** The destination is delivered to from its cursor, and does not turn live. */
  get drives(): boolean {
    return this.isOn || this.any || this.past.any;
  }

  get any(): boolean {
    return this.outstanding.size > 0;
  }

  get isPolling(): boolean {
    return this.poll !== undefined;
  }

  /** There are ids, and what is said of them can be relied on. */
  get canAsk(): boolean {
    return this.byId.size > 0 && this.unheard === 0 && !this.inDoubt;
  }

  get isFull(): boolean {
    return this.outstanding.size >= this.knobs.ackRequests || this.heldEvents >= this.knobs.ackEvents;
  }

  /** The lowest seq that is not acknowledged. */
  get lowest(): number {
    if (this.lowestSeq === undefined) {
      this.lowestSeq = Infinity;
      for (const { spans } of this.outstanding) this.lowestSeq = Math.min(this.lowestSeq, spans[0]?.from ?? Infinity);
    }
    return this.lowestSeq;
  }

  get oldestSentAt(): number | undefined {
    const [oldest] = this.outstanding;
    return oldest?.sentAt;
  }

  /** When something is to be done without anything happening: a poll, or going back. */
  nextAt(mayAsk: boolean): number {
    if (mayAsk && this.canAsk) return this.pollAt;
    return (this.oldestSentAt ?? Infinity) + this.knobs.ackTimeoutMs;
  }

  accept(ackId: number, spans: readonly Span[], events: number, now: number): void {
    // Counted from 0 since a restart, it could be no higher: the ids before may mean other requests now, and those that had them are sent
    // again in their time.
    if (ackId <= Math.max(this.highestId, this.unheard)) this.forgetIds();
    this.highestId = ackId;
    this.unheard = 0;
    this.isOn = true;
    if (!this.canAsk) this.pollAt = now + this.knobs.ackPollMs;
    if (this.outstanding === nothing) {
      this.outstanding = new Set();
      this.byId = new Map();
    }
    const taken = { ackId, spans, events, sentAt: now };
    this.outstanding.add(taken);
    this.byId.set(ackId, taken);
    this.heldEvents += events;
    this.lowestSeq = Math.min(this.lowest, spans[0]?.from ?? Infinity);
  }

  /** The answer of a request was lost: after a restart of the receiver its id may be one of those that are waited for. Nothing is asked until the next id. */
  missAnswer(): void {
    this.unheard++;
    this.early = nobody;
    if (this.poll) this.poll = { ...this.poll, asked: nobody };
  }

  // ---------------------------------------------------------------- polls

  /** Begins a poll, with the ids to ask about. */
  ask(id: number): readonly number[] {
    this.round = this.round.filter((ackId) => this.byId.has(ackId));
    if (this.round.length === 0) this.round = [...this.byId.keys()];
    const asked = this.round
      .splice(0, this.knobs.ackIdsPerPoll)
      .map((ackId) => this.byId.get(ackId))
      .filter((one) => one !== undefined);
    this.poll = { id, asked };
    return asked.map(({ ackId }) => ackId);
  }

  /** The poll `id` is over; whom it asked about, as far as the answer can be relied on. */
  endPoll(id: number): readonly Outstanding[] | undefined {
    const { poll } = this;
    if (poll?.id !== id) return undefined;
    this.poll = undefined;
    return poll.asked;
  }

  /** The next poll: at once where this round is not at its end. */
  pollNext(now: number, afterMs = 0): void {
    this.round = this.round.filter((ackId) => this.byId.has(ackId));
    this.pollAt = this.round.length > 0 && afterMs === 0 ? now : now + Math.max(this.knobs.ackPollMs, afterMs);
  }

  keep(acknowledged: readonly Outstanding[]): void {
    this.early = acknowledged;
  }

  takeEarly(): readonly Outstanding[] {
    const { early } = this;
    this.early = nobody;
    return early;
  }

  /** Returns how many events they were. */
  confirm(acknowledged: readonly Outstanding[]): number {
    let events = 0;
    for (const one of acknowledged) {
      if (this.byId.get(one.ackId) !== one) continue;
      this.drop(one);
      events += one.events;
    }
    return events;
  }

  /** The receiver does not acknowledge any more. What is outstanding is sent again in its time: taken in now, it counts as delivered. */
  turnOff(): void {
    this.isOn = false;
    this.forgetIds();
  }

  // ---------------------------------------------------------------- going back

  /** Takes out what has waited too long, or everything where it is in doubt. */
  expire(now: number): readonly Outstanding[] {
    const since = this.inDoubt ? Infinity : now - this.knobs.ackTimeoutMs;
    const expired: Outstanding[] = [];
    for (const one of this.outstanding) {
      if (one.sentAt > since) break;
      expired.push(one);
    }
    for (const one of expired) this.drop(one);
    this.inDoubt = false;
    return expired;
  }

  get isInDoubt(): boolean {
    return this.inDoubt;
  }

  /** Other settings, another receiver for all we know: nothing that is outstanding will be acknowledged by it. Returns the poll to abort. */
  doubt(): number | undefined {
    this.inDoubt = this.any;
    this.proveFirst = 0;
    this.highestId = -1;
    this.unheard = 0;
    this.forgetIds();
    return this.stop();
  }

  /** Nobody is owed anything any more. Returns the poll to abort. */
  clear(): number | undefined {
    this.outstanding.clear();
    this.heldEvents = 0;
    this.lowestSeq = undefined;
    this.past.clear();
    return this.doubt();
  }

  stop(): number | undefined {
    const id = this.poll?.id;
    this.poll = undefined;
    this.early = nobody;
    return id;
  }

  private forgetIds(): void {
    this.byId.clear();
    this.round = [];
  }

  private drop(one: Outstanding): void {
    this.outstanding.delete(one);
    if (this.byId.get(one.ackId) === one) this.byId.delete(one.ackId);
    this.heldEvents -= one.events;
    this.lowestSeq = undefined;
  }
}
