// One partition's machine: hands each record to the lanes of its tenant and knows what Kafka may be told is done.
import type { DeliverableEvent, PollAnswer } from '@auditlane/destinations';
import { polled } from './acknowledging';
import type { DestinationView, Effect, LogRecord, SavedPosition, Sent, StatusRow, StoredEvent } from './effects';
import { page } from './drain';
import { admit, arrive, isWorthAsking, loseTrack, relieve } from './intake';
import { heldBytes, Lane, type LaneHost } from './lane';
import { giveBack, takeStatus } from './lane-status';
import { Lanes } from './lanes';
import { configure, discard, remove } from './reconfigure';
import { answer } from './requests';
import { step, written } from './steps';
import type { Knobs } from './knobs';
import { OffsetTracker } from './offset-tracker';
import { Wakes } from './wakes';

export interface PartitionOptions extends Pick<LaneHost, 'knobs' | 'budgets' | 'maySend' | 'random'> {
  /** Where the group is committed, and the highest acceptedOffset below it. */
  readonly committed: { readonly offset: number; readonly acceptedOffset: number } | undefined;
  readonly destinations: readonly DestinationView[];
  readonly saved: readonly SavedPosition[];
  /** Called when the next wake has come nearer, also from outside an input. */
  readonly wakeNearer?: () => void;
}

export class Partition implements LaneHost {
  readonly knobs: Knobs;
  readonly budgets: LaneHost['budgets'];
  readonly maySend: () => boolean;
  readonly random: () => number;

  private effects: Effect[] = [];
  private readonly lanes = new Lanes();
  private readonly wakes = new Wakes<Lane>();
  private readonly saved: Map<string, SavedPosition>;
  private tracker: OffsetTracker;
  private highest: number;
  /** Until the first record shows that the log goes on where the group was committed. */
  private unproven: boolean;
  private waiting: Lane | 'window' | undefined;
  private ids = 0;
  private touched: Lane[] = [];
  private relieveAfter = -Infinity;
  /** The offset this ownership began at; committing it would say nothing new. */
  private start: number | undefined;
  private readonly wakeNearer: () => void;

  constructor(
    private readonly options: PartitionOptions,
    now: number,
  ) {
    this.knobs = options.knobs;
    this.budgets = options.budgets;
    this.maySend = options.maySend;
    this.random = options.random;
    this.wakeNearer = options.wakeNearer ?? (() => undefined);
    this.saved = new Map(options.saved.map((position) => [position.destination, position]));
    const { committed } = options;
    this.tracker = new OffsetTracker(committed?.offset ?? 0, committed?.acceptedOffset ?? -1);
    this.highest = committed?.acceptedOffset ?? -1;
    this.unproven = true;
    this.start = committed?.offset;
    for (const view of options.destinations) this.addLane(view, now);
    if (!committed) this.loseTrack('position_unknown', now);
    for (const lane of this.lanes) step(lane, now);
  }

  // ---------------------------------------------------------------- inputs

  /** Takes records in from `from` on; returns the index of the first one there was no room for (`room` will tell). */
  batch(records: readonly LogRecord[], from: number, now: number): number {
    let index = from;
    for (; index < records.length; index++) {
      const record = records[index];
      if (!record || !this.take(record, now)) break;
    }
    this.stepTouched(now);
    return index;
  }

  answer(destination: string, id: number, sent: Sent, now: number): void {
    this.into(destination, now, (lane) => answer(lane, id, sent, now));
    const lane = this.lanes.get(destination);
    if (lane?.removed) this.lanes.forget(lane);
  }

  polled(destination: string, id: number, answer: PollAnswer, now: number): void {
    this.into(destination, now, (lane) => polled(lane, id, answer, now));
  }

  written(destination: string, id: number, now: number): void {
    this.into(destination, now, (lane) => written(lane, id, now));
  }

  page(destination: string, id: number, rows: readonly DeliverableEvent[], head: number, now: number): void {
    this.into(destination, now, (lane) => page(lane, id, rows, head, now));
  }

  /** All destinations of this partition's tenants, as the settings have them now. */
  settings(destinations: readonly DestinationView[], now: number): void {
    const present = new Set<string>();
    for (const view of destinations) {
      present.add(view.id);
      const lane = this.lanes.get(view.id);
      if (lane) {
        configure(lane, view, now);
        step(lane, now);
      } else step(this.addLane(view, now), now);
    }
    for (const lane of this.lanes) {
      if (!present.has(lane.id) && !lane.removed) this.removeLane(lane, now);
    }
    this.checkWaiting(now);
  }

  tick(now: number): void {
    for (let wake = this.wakes.due(now); wake; wake = this.wakes.due(now)) {
      const lane = wake.owner;
      if (lane.armedAt !== wake.at) continue;
      lane.armedAt = Infinity;
      step(lane, now);
    }
    this.checkWaiting(now);
  }

  /** The claim is lost: aborts what is in flight; nothing that comes later has any effect. */
  lost(): void {
    for (const lane of this.lanes) discard(lane);
    this.effects = this.effects.filter((effect) => effect.kind === 'abort');
  }

  // ---------------------------------------------------------------- outputs

  takeEffects(): Effect[] {
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  get nextWake(): number | undefined {
    return this.wakes.next;
  }

  /** What may be committed: everything below is delivered, covered by a written cursor, dead-lettered or unwanted. */
  get committable(): { readonly offset: number; readonly acceptedOffset: number } | undefined {
    const { position } = this.tracker;
    return this.start === undefined || position.offset === this.start ? undefined : position;
  }

  lane(destination: string): Lane | undefined {
    return this.lanes.get(destination);
  }

  get allLanes(): Iterable<Lane> {
    return this.lanes;
  }

  takeStatus(now: number, all: boolean): StatusRow[] {
    const rows: StatusRow[] = [];
    for (const lane of this.lanes) {
      if (!lane.removed && (all || lane.changed)) rows.push(takeStatus(lane, now));
    }
    return rows;
  }

  /** Rows that could not be written: due again, with the attempts they told of. */
  giveBack(rows: readonly StatusRow[]): void {
    for (const row of rows) {
      const lane = this.lanes.get(row.destination);
      if (lane) giveBack(lane, row);
    }
  }

  // ---------------------------------------------------------------- for the lanes

  emit(effect: Effect): void {
    this.effects.push(effect);
  }

  nextId(): number {
    return ++this.ids;
  }

  release(slot: number): void {
    this.tracker.release(slot);
  }

  wake(lane: Lane, at: number): void {
    if (lane.armedAt <= at) return;
    const nearer = at < (this.wakes.next ?? Infinity);
    lane.armedAt = at;
    this.wakes.add(at, lane);
    if (nearer) this.wakeNearer();
  }

  // ---------------------------------------------------------------- inside

  private take(record: LogRecord, now: number): boolean {
    if (this.unproven) this.prove(record, now);
    const { event } = record;
    if (!event) {
      const slot = this.tracker.add(record.lastOffset, this.highest);
      if (record.unreadable) this.loseTrack('sequence_jump', now, slot);
      this.tracker.release(slot);
      return true;
    }
    if (event.acceptedOffset <= this.highest) {
      this.tracker.release(this.tracker.add(record.lastOffset, this.highest));
      return true;
    }
    if (this.tracker.open >= this.knobs.windowRecords) return this.wait('window');
    if (!this.budgets.lanes.fits(heldBytes(event))) this.relieve(now);
    const lanes = this.lanes.ofTenant(event.tenant);
    if (lanes && !this.admit(lanes, event, now)) return false;
    const slot = this.tracker.add(record.lastOffset, event.acceptedOffset);
    // The record before this one never came. Its tenant's next may come to another owner, who has seen none before it and so finds no jump.
    // Where the place in the log was lost, all lanes are on their way to the store anyway.
    if (event.previous > this.highest) this.loseTrack('sequence_jump', now, slot);
    this.highest = event.acceptedOffset;
    if (lanes) {
      for (const lane of lanes) {
        if (!lane.touched) {
          lane.touched = true;
          this.touched.push(lane);
        }
        if (arrive(lane, event, slot, now)) this.tracker.hold(slot);
      }
    }
    this.tracker.release(slot);
    return true;
  }

  private admit(lanes: readonly Lane[], event: StoredEvent, now: number): boolean {
    for (const lane of lanes) if (admit(lane, event, now) === 'wait') return this.wait(lane);
    return true;
  }

  private wait(what: Lane | 'window'): false {
    this.waiting = what;
    return false;
  }

  private prove(record: LogRecord, now: number): void {
    this.unproven = false;
    const { committed } = this.options;
    if (committed && committed.offset === record.offset) return;
    // Repeats cannot be told by their offsets any more; every lane starts from a cursor, which tells them by seq.
    this.highest = -1;
    this.tracker = new OffsetTracker(record.offset, -1);
    this.start = record.offset;
    const slot = this.tracker.add(record.offset - 1, -1);
    this.loseTrack('position_unknown', now, slot);
    this.tracker.release(slot);
  }

  /** No commit passes `slot` before every lane that lost its place has a cursor: a crash would forget that it did. */
  private loseTrack(reason: 'position_unknown' | 'sequence_jump', now: number, slot?: number): void {
    for (const lane of this.lanes) {
      if (loseTrack(lane, reason, now, slot) && slot !== undefined) this.tracker.hold(slot);
      step(lane, now);
    }
  }

  /** The lanes of the whole process are full: the largest one here that stands still goes to its cursor. */
  private relieve(now: number): void {
    if (now < this.relieveAfter) return;
    const largest = this.lanes.largestStandingStill(now);
    if (largest) {
      relieve(largest, now);
      step(largest, now);
    } else this.relieveAfter = now + this.knobs.recheckMs;
  }

  private into(destination: string, now: number, input: (lane: Lane) => void): void {
    const lane = this.lanes.get(destination);
    if (!lane) return;
    input(lane);
    step(lane, now);
    this.checkWaiting(now);
  }

  private stepTouched(now: number): void {
    for (const lane of this.touched) {
      lane.touched = false;
      step(lane, now);
    }
    this.touched = [];
  }

  private checkWaiting(now: number): void {
    const { waiting } = this;
    if (!waiting) return;
    if (waiting === 'window') {
      if (this.tracker.open > this.knobs.windowRecords * 0.75) return;
    } else if (!isWorthAsking(waiting, now)) return;
    this.waiting = undefined;
    this.emit({ kind: 'room' });
  }

  private addLane(view: DestinationView, now: number): Lane {
    const lane = new Lane(this, view, this.saved.get(view.id), now);
    this.lanes.add(lane);
    return lane;
  }

  private removeLane(lane: Lane, now: number): void {
    this.lanes.retire(lane);
    remove(lane, now);
    step(lane, now);
    if (!lane.flight) this.lanes.forget(lane);
  }
}
