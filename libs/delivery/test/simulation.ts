// A world for the model test: a store, a Kafka partition, the delivery tables, receivers and replicas, all in memory and all deterministic.
// Every message between a machine and the outside stands in a list until the test decides what happens to it, and when.
import type { PollAnswer, Verdict } from '@auditlane/destinations';
import { ByteBudget } from '../src/domain/byte-budget';
import type { DestinationView, Effect, LogRecord, SavedPosition, StoredEvent } from '../src/domain/effects';
import { defaultKnobs, type Knobs } from '../src/domain/knobs';
import type { Lane } from '../src/domain/lane';
import { Partition } from '../src/domain/partition';
import { AckingReceiver } from './acking-receiver';
import { testEvent } from './test-event';

export type Answer =
  'taken' | 'taken_unheard' | 'prefix_then_busy' | 'items_then_busy' | 'busy' | 'unauthorized' | 'refused_as_a_whole';

export interface Sink {
  /** First deliveries, in order. */
  readonly firsts: number[];
  readonly seen: Set<number>;
  /** What it will not lose any more: all it has seen, where it does not acknowledge. */
  readonly safe: Set<number>;
  readonly acks: AckingReceiver | undefined;
  /** Deliveries in all: duplicates are allowed, and counted. */
  deliveries: number;
  /** Events this receiver can never take. */
  readonly poison: Set<number>;
  /** Events it answered as poison at least once. */
  readonly refused: Set<number>;
  /** It refuses whatever comes, as it would with a wrong mapping. */
  refusesAll: boolean;
  itemized: boolean;
}

export interface Destination {
  view: DestinationView;
  deleted: boolean;
  readonly sink: Sink;
  /** The filters that it has had: each leaves out every so many events. What any of them left out is owed by nobody. */
  readonly filters: number[];
}

interface Send extends Extract<Effect, { kind: 'send' }> {
  readonly aborted: boolean;
  readonly purpose: string | undefined;
  /** Of a receiver that has the request, and whose answer is on its way. */
  verdicts: Verdict[] | undefined;
}
interface Poll extends Extract<Effect, { kind: 'poll' }> {
  told: number[] | 'disabled' | undefined;
}
type WriteEffect = Extract<Effect, { kind: 'write' }>;
type ReadEffect = Extract<Effect, { kind: 'read' }>;

interface Row {
  nextSeq: number;
  state: 'parked' | 'disabled';
  reason: string;
}

const knobs: Knobs = {
  ...defaultKnobs,
  laneEvents: 12,
  windowRecords: 60,
  probeEvents: 3,
  ackIdsPerPoll: 2,
  ackRequests: 6,
  ackEvents: 16,
};
const size = 100;

interface Channel {
  readonly name: string;
  /** The sender knows that this receiver acknowledges. */
  readonly isAwaited: boolean;
}

export class Replica {
  readonly sends: Send[] = [];
  readonly polls: Poll[] = [];
  readonly writes: WriteEffect[] = [];
  readonly reads: { readonly effect: ReadEffect; seen?: { rows: StoredEvent[]; head: number } }[] = [];
  partition: Partition;
  fresh = true;
  dead = false;
  /** The next offset that Kafka hands it. */
  position: number;
  handed: { records: LogRecord[]; taken: number } | undefined;

  constructor(
    private readonly world: World,
    readonly epoch: number,
  ) {
    const committed = world.committed;
    this.position = Math.max(committed?.offset ?? 0, world.logStart);
    this.partition = new Partition(
      {
        knobs,
        budgets: { lanes: new ByteBudget(2_500), drains: new ByteBudget(3_000), probes: new ByteBudget(150_000) },
        maySend: () => this.fresh,
        random: () => world.random(),
        committed,
        destinations: world.views(),
        saved: world.saved(),
      },
      world.now,
    );
    this.collect();
  }

  collect(): void {
    for (const effect of this.partition.takeEffects()) {
      if (effect.kind === 'send') {
        if (!this.fresh) throw new Error('a request started while the membership was in doubt');
        if (this.sends.some((send) => send.destination === effect.destination))
          throw new Error('two requests in flight');
        if (effect.events.length === 0) throw new Error('an empty request');
        const purpose = this.laneOf(effect.destination)?.flight?.purpose;
        this.sends.push({ ...effect, aborted: false, purpose, verdicts: undefined });
      } else if (effect.kind === 'poll') {
        if (!this.fresh) throw new Error('a poll started while the membership was in doubt');
        if (this.polls.some((poll) => poll.destination === effect.destination)) throw new Error('two polls at once');
        if (effect.ackIds.length === 0) throw new Error('an empty poll');
        this.polls.push({ ...effect, told: undefined });
      } else if (effect.kind === 'abort') {
        const index = this.sends.findIndex((send) => send.id === effect.id && send.destination === effect.destination);
        const send = this.sends[index];
        if (send) this.sends[index] = { ...send, aborted: true };
        const poll = this.polls.findIndex(
          ({ id, destination }) => id === effect.id && destination === effect.destination,
        );
        if (poll >= 0) this.polls.splice(poll, 1);
      } else if (effect.kind === 'write') {
        if (this.writes.some((write) => write.destination === effect.destination))
          throw new Error('two writes at once');
        this.writes.push(effect);
      } else if (effect.kind === 'read') this.reads.push({ effect });
      else if (effect.kind === 'room') this.offer();
    }
  }

  private laneOf(destination: string): Lane | undefined {
    return [...this.partition.allLanes].find(({ id }) => id === destination);
  }

  /** Hands in the next records, or the rest of those there was no room for. */
  deliver(count: number): void {
    if (this.dead) return;
    if (this.handed) return;
    if (this.position < this.world.logStart) this.position = this.world.logStart;
    const records = this.world.log.filter((record) => record.offset >= this.position).slice(0, count);
    const last = records.at(-1);
    if (!last) return;
    this.position = last.offset + 1;
    this.handed = { records, taken: 0 };
    this.offer();
  }

  offer(): void {
    const { handed } = this;
    if (!handed) return;
    handed.taken = this.partition.batch(handed.records, handed.taken, this.world.now);
    if (handed.taken === handed.records.length) this.handed = undefined;
    this.collect();
  }

  tick(): void {
    this.partition.tick(this.world.now);
    this.collect();
  }

  reconfigure(): void {
    this.partition.settings(this.world.views(), this.world.now);
    this.collect();
  }

  end(): void {
    this.dead = true;
    this.fresh = false;
    this.partition.lost();
    this.collect();
    this.writes.length = 0;
    this.reads.length = 0;
  }

  /** The receiver decides; then its answer arrives (or, for a dead process, does not). */
  answer(index: number, answer: Answer): void {
    this.reach(index, answer);
    const [send] = this.sends.splice(index, 1);
    if (!send?.verdicts || this.dead) return;
    const aborted: Verdict = { kind: 'retry', reason: 'aborted' };
    const verdicts = send.aborted ? send.events.map(() => aborted) : send.verdicts;
    this.partition.answer(send.destination, send.id, { verdicts }, this.world.now);
    this.collect();
  }

  /** The receiver has the request and has decided; its answer may arrive later. */
  reach(index: number, answer: Answer): void {
    const send = this.sends[index];
    const destination = this.world.destinations.find(({ view }) => view.id === send?.destination);
    if (!send || !destination) return;
    const isAwaited = this.laneOf(send.destination)?.acks.isOn === true;
    send.verdicts ??= this.world.receive(destination, send, answer, { name: this.channel(send), isAwaited });
  }

  /** Of this owner, and of these settings. */
  private channel({ version }: { readonly version: number }): string {
    return `${this.epoch}/${version}`;
  }

  /** The receiver has the poll: what it says yes to it forgets. */
  reachPoll(index: number): void {
    const poll = this.polls[index];
    const acks = poll && this.world.sinkOf(poll.destination).acks;
    if (!poll || !acks) return;
    poll.told ??= acks.isOn ? acks.poll(this.channel(poll), poll.ackIds) : 'disabled';
  }

  answerPoll(index: number, isHeard: boolean): void {
    this.reachPoll(index);
    const [poll] = this.polls.splice(index, 1);
    if (!poll?.told || this.dead) return;
    const answer: PollAnswer = !isHeard
      ? { kind: 'refused', verdict: { kind: 'retry', reason: 'connection_failed' } }
      : poll.told === 'disabled'
        ? { kind: 'disabled' }
        : { kind: 'acknowledged', ackIds: poll.told };
    this.partition.polled(poll.destination, poll.id, answer, this.world.now);
    this.collect();
  }

  write(index: number): void {
    const [effect] = this.writes.splice(index, 1);
    if (!effect) return;
    if (!this.world.apply(effect, this.epoch)) {
      this.end();
      return;
    }
    this.partition.written(effect.destination, effect.id, this.world.now);
    this.collect();
  }

  /** The store is looked at when it is looked at; what it said may arrive later. */
  look(index: number): void {
    const waiting = this.reads[index];
    if (waiting) waiting.seen ??= this.world.page(waiting.effect);
  }

  read(index: number): void {
    this.look(index);
    const [read] = this.reads.splice(index, 1);
    if (!read?.seen) return;
    const { destination, id } = read.effect;
    this.partition.page(destination, id, read.seen.rows, read.seen.head, this.world.now);
    this.collect();
  }

  commit(): void {
    const position = this.partition.committable;
    if (!this.dead && position) this.world.commit(position, this.epoch);
  }

  saveStatus(): void {
    if (this.dead) return;
    const rows = this.partition.takeStatus(this.world.now, false);
    if (this.epoch !== this.world.epoch) {
      this.end();
      return;
    }
    for (const row of rows) {
      if (this.world.alive(row.destination)) {
        this.world.status.set(row.destination, { started: row.startedVersion, through: row.deliveredThrough });
        this.world.checkPromise(row.destination, row.deliveredThrough);
      }
    }
  }
}

export class World {
  now = 1_000_000;
  epoch = 0;
  version = 0;
  readonly log: LogRecord[] = [];
  logStart = 0;
  nextOffset = 0;
  acceptedOffset = 0;
  private lastStored = -1;
  committed: { offset: number; acceptedOffset: number } | undefined;
  readonly store = new Map<string, StoredEvent[]>();
  readonly heads = new Map<string, number>();
  readonly unpublished: StoredEvent[] = [];
  readonly published: StoredEvent[] = [];
  readonly destinations: Destination[] = [];
  readonly cursors = new Map<string, Row>();
  readonly status = new Map<string, { started: number; through: number }>();
  readonly letters = new Map<string, Set<number>>();
  readonly gaps = new Map<string, Set<number>>();
  readonly removed = new Set<string>();
  readonly replicas: Replica[] = [];
  /** Published, as Kafka said; and never in the log, unless they were published again. */
  readonly lost: StoredEvent[] = [];
  /** Of receivers: in percent, how often they just take what they are sent. */
  goodwill = 70;
  random: () => number;

  constructor(random: () => number) {
    this.random = random;
  }

  // ---- producing

  append(tenant: string): void {
    const seq = (this.heads.get(tenant) ?? 0) + 1;
    this.heads.set(tenant, seq);
    const event = { ...testEvent(tenant, seq, this.acceptedOffset, size), previous: this.lastStored };
    this.lastStored = this.acceptedOffset;
    // Repeats and what went to quarantine have offsets too.
    this.acceptedOffset += 1 + Math.floor(this.random() * 2);
    const rows = this.store.get(tenant) ?? [];
    rows.push(event);
    this.store.set(tenant, rows);
    this.unpublished.push(event);
  }

  publish(count: number): void {
    for (const event of this.unpublished.splice(0, count)) {
      this.published.push(event);
      this.produce(event);
    }
  }

  /** One event never reaches `stored`, although Kafka acknowledged it. */
  lose(): void {
    const event = this.unpublished.shift();
    if (!event) return;
    this.published.push(event);
    this.lost.push(event);
  }

  /** What persistence does after a crash: the last of what it published, once more. */
  republish(count: number): void {
    for (const event of this.published.slice(-count)) {
      // A repeat may know less of what came before it, where the keys of those events are gone; one that never came may not.
      const previous = this.lost.includes(event) ? event.previous : event.previous - Math.floor(this.random() * 3);
      this.produce({ ...event, previous });
    }
  }

  private produce(event: StoredEvent): void {
    const offset = this.nextOffset++;
    this.log.push({ offset, lastOffset: offset, event });
  }

  /** Kafka lost (or deleted) everything so far, unread or not. */
  truncateLog(): void {
    this.logStart = this.nextOffset;
    this.log.length = 0;
  }

  /** Retention takes a prefix of a tenant's events. */
  retain(tenant: string, count: number): void {
    for (const event of (this.store.get(tenant) ?? []).splice(0, count)) this.removed.add(`${tenant}/${event.seq}`);
  }

  // ---- settings

  create(
    tenant: string,
    options: {
      itemized: boolean;
      acknowledges: boolean;
      enabled: boolean;
      poison: readonly number[];
      /** Its filter leaves out every so many events; 0: it has none. */
      leavesOutEvery?: number;
    },
  ): void {
    const version = ++this.version;
    const id = `${tenant}-${this.destinations.length}`;
    const safe = new Set<number>();
    const sink: Sink = {
      firsts: [],
      seen: new Set(),
      safe,
      acks: options.acknowledges ? new AckingReceiver(safe) : undefined,
      deliveries: 0,
      poison: new Set(options.poison),
      refused: new Set(),
      refusesAll: false,
      itemized: options.itemized,
    };
    const startSeq = (this.heads.get(tenant) ?? 0) + 1;
    const { leavesOutEvery = 0 } = options;
    const view: DestinationView = {
      id,
      tenant,
      version,
      enabled: options.enabled,
      startSeq,
      startVersion: version,
      limits: { events: 4, bytes: 1_000 },
      size: () => size,
      wanted: ({ seq }) => !isLeftOut([leavesOutEvery], seq),
    };
    this.destinations.push({ view, deleted: false, sink, filters: [leavesOutEvery] });
  }

  change(destination: Destination, change: 'disable' | 'resume' | 'from_now' | 'touch' | 'filter' | 'delete'): void {
    const version = ++this.version;
    const { view } = destination;
    const from = { startSeq: (this.heads.get(view.tenant) ?? 0) + 1, startVersion: version };
    if (change === 'delete') {
      destination.deleted = true;
      this.cursors.delete(view.id);
      this.status.delete(view.id);
    } else if (change === 'disable') destination.view = { ...view, version, enabled: false };
    else if (change === 'resume') destination.view = { ...view, version, enabled: true };
    else if (change === 'from_now') destination.view = { ...view, version, enabled: true, ...from };
    else if (change === 'filter') {
      const every = Math.floor(this.random() * 4);
      destination.filters.push(every);
      destination.view = { ...view, version, wanted: ({ seq }) => !isLeftOut([every], seq) };
    } else destination.view = { ...view, version };
  }

  alive(id: string): boolean {
    return this.destinations.some(({ view, deleted }) => view.id === id && !deleted);
  }

  views(): DestinationView[] {
    return this.destinations.filter(({ deleted }) => !deleted).map(({ view }) => view);
  }

  saved(): SavedPosition[] {
    return this.views().map(({ id }) => {
      const cursor = this.cursors.get(id);
      const status = this.status.get(id);
      return {
        destination: id,
        ...(cursor ? { cursor: { ...cursor, since: 0 } } : {}),
        startedVersion: status?.started ?? 0,
        deliveredThrough: status?.through ?? 0,
      };
    });
  }

  // ---- owners

  get owner(): Replica | undefined {
    const last = this.replicas.at(-1);
    return last && !last.dead ? last : undefined;
  }

  claim(): Replica {
    const replica = new Replica(this, ++this.epoch);
    this.replicas.push(replica);
    return replica;
  }

  // ---- the tables

  apply({ destination: id, write }: WriteEffect, epoch: number): boolean {
    if (epoch !== this.epoch) return false;
    if (!this.alive(id)) return true;
    for (const { event } of write.deadLetters) {
      const sink = this.sinkOf(id);
      if (!sink.refused.has(event.seq))
        throw new Error(`${id}: ${event.seq} is dead-lettered and nothing is wrong with it`);
      if (Math.max(...sink.seen, 0) <= event.seq)
        throw new Error(`${id}: ${event.seq} is dead-lettered and nothing later was taken`);
      add(this.letters, id, event.seq);
    }
    for (const gap of write.gaps) {
      for (let seq = gap.fromSeq; seq <= gap.toSeq; seq++) {
        const tenant = id.split('-')[0] ?? '';
        if (!this.removed.has(`${tenant}/${seq}`)) throw new Error(`${id}: ${seq} is recorded as a gap and is there`);
        add(this.gaps, id, seq);
      }
    }
    if (write.cursor !== 'delete' && write.cursor?.reason === 'sequence_jump' && this.lost.length === 0) {
      throw new Error(`${id}: parked at a jump, and nothing was lost`);
    }
    if (write.cursor === 'delete') this.cursors.delete(id);
    else if (write.cursor) this.cursors.set(id, { ...write.cursor });
    if (write.startedVersion !== undefined && write.cursor && write.cursor !== 'delete') {
      this.status.set(id, { started: write.startedVersion, through: write.cursor.nextSeq - 1 });
    }
    if (write.cursor && write.cursor !== 'delete') this.checkPromise(id, write.cursor.nextSeq - 1);
    return true;
  }

  page({ tenant, read }: ReadEffect): { rows: StoredEvent[]; head: number } {
    const rows = (this.store.get(tenant) ?? []).filter(({ seq }) => seq >= read.fromSeq);
    const events = Math.max(1, Math.min(read.maxEvents, Math.floor(read.maxBytes / size)));
    return { rows: rows.slice(0, events), head: this.heads.get(tenant) ?? 0 };
  }

  commit(position: { offset: number; acceptedOffset: number }, epoch: number): void {
    if (epoch !== this.epoch) return;
    for (const { offset, event } of this.log) {
      if (offset >= position.offset || !event) continue;
      if (event.acceptedOffset > position.acceptedOffset) throw new Error('the metadata is behind the offset');
      for (const destination of this.destinations) this.checkSafe(destination, event);
    }
    for (const event of this.lost) {
      if (event.acceptedOffset >= position.acceptedOffset) continue;
      for (const destination of this.destinations) this.checkSafe(destination, event);
    }
    this.committed = position;
  }

  /** A commit may pass an event only once nobody needs Kafka for it. */
  private checkSafe({ view, deleted, sink, filters }: Destination, { tenant, seq }: StoredEvent): void {
    if (deleted || view.tenant !== tenant || seq < view.startSeq || isLeftOut(filters, seq)) return;
    if (sink.safe.has(seq) || this.letters.get(view.id)?.has(seq) || this.gaps.get(view.id)?.has(seq)) return;
    if ((this.cursors.get(view.id)?.nextSeq ?? Infinity) <= seq) return;
    if (view.startVersion > (this.status.get(view.id)?.started ?? 0)) return;
    throw new Error(`${view.id}: ${seq} was committed and nobody owes it`);
  }

  /** What the status row promises as delivered must be, and so must what a cursor has passed. */
  checkPromise(id: string, through: number): void {
    const destination = this.destinations.find(({ view }) => view.id === id);
    if (!destination) return;
    const { view, sink, filters } = destination;
    for (let seq = view.startSeq; seq <= through; seq++) {
      if (view.startVersion > (this.status.get(id)?.started ?? 0)) return;
      if (isLeftOut(filters, seq)) continue;
      if (sink.safe.has(seq) || this.letters.get(id)?.has(seq) || this.gaps.get(id)?.has(seq)) continue;
      throw new Error(`${id}: delivered through ${through}, it says, but ${seq} is not`);
    }
  }

  // ---- receivers

  receive({ sink, view }: Destination, send: Send, answer: Answer, channel: Channel): Verdict[] {
    const seqs = send.events.map(({ seq }) => seq);
    const unwanted = send.version === view.version && send.events.find((event) => view.wanted?.(event) === false);
    if (unwanted) throw new Error(`${view.id}: ${unwanted.seq} was sent although the filter leaves it out`);
    if (send.purpose === 'newest') for (const seq of seqs) this.probes.add(`${view.id}/${seq}`);
    const busy: Verdict = { kind: 'retry', reason: 'busy' };
    if (answer === 'unauthorized')
      return seqs.map(() => ({ kind: 'park', reason: 'credentials_refused', code: '401', words: 'no' }));
    if (answer === 'busy') return seqs.map(() => busy);
    if (sink.refusesAll || answer === 'refused_as_a_whole' || seqs.some((seq) => sink.poison.has(seq))) {
      return this.refuse(sink, view.id, seqs, answer, channel);
    }
    if (answer === 'taken_unheard') {
      this.take(sink, view.id, seqs, channel);
      return seqs.map(() => ({ kind: 'retry', reason: 'aborted' }));
    }
    if (answer === 'prefix_then_busy') {
      const taken = Math.floor(this.random() * seqs.length);
      const before = this.takeWithoutId(sink, view.id, seqs.slice(0, taken), channel);
      return seqs.map((_, index) => (sink.acks ? busy : (before[index] ?? busy)));
    }
    if (answer === 'items_then_busy' && sink.itemized) {
      return seqs.flatMap((seq) => (this.random() < 0.5 ? this.take(sink, view.id, [seq], channel) : [busy]));
    }
    return this.take(sink, view.id, seqs, channel);
  }

  /** Some kinds of receivers name the bad ones, some stop at the first, some refuse the whole request. */
  private refuse(sink: Sink, id: string, seqs: readonly number[], answer: Answer, channel: Channel): Verdict[] {
    const bad = (seq: number) => sink.refusesAll || sink.poison.has(seq);
    const poison: Verdict = { kind: 'poison', reason: 'receiver_refused_event', code: '400', words: 'bad' };
    if (answer === 'refused_as_a_whole') {
      const alone = seqs[0];
      if (seqs.length === 1 && alone !== undefined && !bad(alone)) return this.take(sink, id, seqs, channel);
      if (seqs.length === 1 && alone !== undefined) sink.refused.add(alone);
      return seqs.map(() => ({ kind: 'split', reason: 'receiver_refused_size' }));
    }
    if (sink.itemized) {
      return seqs.flatMap((seq) => {
        if (!bad(seq)) return this.take(sink, id, [seq], channel);
        sink.refused.add(seq);
        return [poison];
      });
    }
    const first = seqs.findIndex(bad);
    const before = this.takeWithoutId(sink, id, seqs.slice(0, first), channel);
    return seqs.map((seq, index) => {
      if (index > first) return { kind: 'retry', reason: 'unreadable_answer', afterMs: 0 };
      if (index === first) sink.refused.add(seq);
      return before[index] ?? poison;
    });
  }

  private take(sink: Sink, id: string, seqs: readonly number[], { name }: Channel): Verdict[] {
    this.note(sink, id, seqs);
    if (sink.acks?.isOn) {
      const ackId = sink.acks.issue(name, seqs);
      return seqs.map(() => ({ kind: 'accepted', ackId }));
    }
    for (const seq of seqs) sink.safe.add(seq);
    return seqs.map(() => ({ kind: 'delivered' }));
  }

  /** Where nobody knows yet that it acknowledges, these count as delivered: the stated hole of `auto`. */
  private takeWithoutId(sink: Sink, id: string, seqs: readonly number[], { isAwaited }: Channel): Verdict[] {
    this.note(sink, id, seqs);
    if (sink.acks?.isOn && isAwaited) sink.acks.take(seqs);
    else for (const seq of seqs) sink.safe.add(seq);
    return seqs.map(() => (sink.acks ? { kind: 'delivered', unacknowledged: true } : { kind: 'delivered' }));
  }

  private note(sink: Sink, id: string, seqs: readonly number[]): void {
    for (const seq of seqs) {
      sink.deliveries++;
      if (sink.seen.has(seq)) continue;
      sink.seen.add(seq);
      if (!sink.itemized) this.checkOrder(sink, id, seq);
      sink.firsts.push(seq);
    }
  }

  /** In order, except for what was refused before and is taken now, and for the one event that shows whether anything is taken. */
  private checkOrder(sink: Sink, id: string, seq: number): void {
    // A request of before a fresh start may still come through: those events are not owed any more.
    const { view, filters = [] } = this.destinations.find((destination) => destination.view.id === id) ?? {};
    // What a former filter passed over may be read again, behind the cursor, and be wanted then.
    if (isLeftOut(filters, seq)) return;
    if (sink.refused.has(seq) || seq < (view?.startSeq ?? 0) || this.gaps.get(id)?.has(seq)) return;
    const highest = Math.max(...sink.firsts.filter((first) => !this.probes.has(`${id}/${first}`)), 0);
    if (highest > seq) throw new Error(`${id}: ${seq} was delivered after ${highest}`);
  }
  private readonly probes = new Set<string>();

  sinkOf(id: string): Sink {
    const destination = this.destinations.find(({ view }) => view.id === id);
    if (!destination) throw new Error(`no destination ${id}`);
    return destination.sink;
  }
}

export function isLeftOut(filters: readonly number[], seq: number): boolean {
  return filters.some((every) => every > 0 && seq % every === 0);
}

function add(map: Map<string, Set<number>>, key: string, value: number): void {
  const set = map.get(key) ?? new Set();
  set.add(value);
  map.set(key, set);
}
