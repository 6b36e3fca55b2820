// A world for the machine of replays: a store that retention eats, a receiver with moods, a database that remembers, and deaths at any moment.
import type { Verdict } from '@auditlane/destinations';
import { ByteBudget } from '../src/domain/byte-budget';
import type { DestinationView } from '../src/domain/effects';
import { defaultKnobs } from '../src/domain/knobs';
import { isEnded, type ReplayEffect, type ReplayOrder, type ReplayProgress } from '../src/domain/replay-effects';
import { Replays } from '../src/domain/replays';
import { testEvent } from './test-event';

export type Mood = 'takes' | 'busy' | 'unauthorized' | 'refuses_all' | 'too_large' | 'first_busy';

export interface Plan {
  readonly last: number;
  readonly orders: readonly Pick<ReplayOrder, 'id' | 'destination' | 'kind' | 'fromSeq' | 'toSeq'>[];
  /** Seqs that the receiver refuses whatever its mood, and those that the filter leaves out. */
  readonly poison: ReadonlySet<number>;
  readonly unwanted: ReadonlySet<number>;
  readonly letters: ReadonlySet<number>;
}

export class ReplayWorld {
  now = 1_000;
  mood: Mood = 'takes';
  laneFails = false;
  laneSuccessAt: number | undefined;
  fresh = true;
  enabled = true;
  version = 1;
  /** What retention removed is below. */
  oldest = 1;
  readonly orders = new Map<string, ReplayOrder>();
  readonly saved = new Map<string, ReplayProgress>();
  readonly deadLetters = new Set<number>();
  /** Of each resend, what is still to be tried. */
  readonly chosen = new Map<string, Set<number>>();
  readonly received: number[] = [];
  readonly refused = new Set<number>();
  readonly faults: string[] = [];
  mostInFlight = 0;
  pending: ReplayEffect[] = [];
  budgets = { pages: new ByteBudget(0), probes: new ByteBudget(0) };
  private machine: Replays;
  private granted: string[] = [];
  private readonly aborted = new Set<string>();

  constructor(readonly plan: Plan) {
    for (const [index, order] of plan.orders.entries()) {
      this.orders.set(order.id, { ...order, tenant: 'acme', wish: 'run', createdAt: index });
      if (order.kind === 'dead_letters') this.chosen.set(order.id, new Set(plan.letters));
    }
    for (const seq of plan.letters) this.deadLetters.add(seq);
    this.machine = this.start();
    this.configure();
  }

  private start(): Replays {
    this.budgets = { pages: new ByteBudget(600_000), probes: new ByteBudget(200_000) };
    return new Replays({
      knobs: defaultKnobs,
      budgets: this.budgets,
      maySend: () => this.fresh,
      random: () => 0.5,
      news: () => ({
        failure: this.laneFails ? { reason: 'credentials_refused', code: '401', words: 'no' } : undefined,
        lastSuccessAt: this.laneSuccessAt,
      }),
      granted: (replay) => this.granted.push(replay),
    });
  }

  view(id: string): DestinationView {
    return {
      id,
      tenant: 'acme',
      version: this.version,
      enabled: this.enabled,
      startSeq: 1,
      startVersion: 1,
      limits: { events: 7, bytes: 100_000 },
      size: (event) => event.canonical.length,
      wanted: ({ seq }) => !this.plan.unwanted.has(seq),
    };
  }

  configure(): void {
    const orders = [...this.orders.values()]
      .filter(({ id }) => !isEnded(this.saved.get(id)?.state ?? 'waiting'))
      .map((order) => {
        const saved = this.saved.get(order.id);
        return { order, view: this.view(order.destination), ...(saved ? { saved } : {}) };
      });
    this.machine.configure(orders, this.now);
    this.collect();
  }

  /** Everything in memory is gone; what was sent may have arrived or not. */
  crash(arrives: boolean): void {
    if (arrives) for (const effect of this.pending) if (effect.kind === 'send') this.receive(effect);
    this.pending = [];
    this.aborted.clear();
    this.machine = this.start();
    this.configure();
  }

  pass(ms: number): void {
    this.now += ms;
    this.machine.tick(this.now);
    this.collect();
  }

  get nextWake(): number {
    return this.machine.nextWake;
  }

  /** The outside does one of the things that it was asked for. */
  perform(index: number): void {
    const effect = this.pending[index % Math.max(1, this.pending.length)];
    if (!effect) return;
    this.pending = this.pending.filter((one) => one !== effect);
    const { machine, now } = this;
    switch (effect.kind) {
      case 'send':
        machine.answer(effect.replay, effect.id, { verdicts: this.receive(effect) }, now);
        break;
      case 'read': {
        const { fromSeq, maxEvents } = effect.read;
        const rows = [];
        for (let seq = Math.max(fromSeq, this.oldest); seq <= this.plan.last && rows.length < maxEvents; seq++)
          rows.push(testEvent('acme', seq));
        machine.page(effect.replay, effect.id, rows, now);
        break;
      }
      case 'read_letters': {
        const seqs = [...(this.chosen.get(effect.replay) ?? [])].filter((seq) => seq >= effect.read.fromSeq);
        const letters = seqs
          .toSorted((a, b) => a - b)
          .slice(0, effect.read.maxEvents)
          .map((seq) => ({
            seq,
            stands: this.deadLetters.has(seq),
            event: seq >= this.oldest ? testEvent('acme', seq) : undefined,
          }));
        machine.letters(effect.replay, effect.id, letters, now);
        break;
      }
      case 'write':
        this.save(effect);
        machine.written(effect.replay, effect.id, now);
        break;
      case 'abort':
        break;
    }
    this.collect();
  }

  inFlight(destination: string): number {
    return this.pending.filter(
      (effect) =>
        effect.kind === 'send' &&
        effect.destination === destination &&
        !this.aborted.has(`${effect.replay}/${effect.id}`),
    ).length;
  }

  private save({ replay, order, write }: Extract<ReplayEffect, { kind: 'write' }>): void {
    const { delivered, deadLettered, unwanted, missing, nextSeq, state } = write.progress;
    const sum = delivered + deadLettered + unwanted + missing;
    const before = this.saved.get(replay);
    if (before && before.nextSeq > nextSeq) this.faults.push(`${replay} went back to ${nextSeq}`);
    if (before && isEnded(before.state)) this.faults.push(`${replay} went on after its end`);
    if (order.kind === 'range' && sum !== nextSeq - order.fromSeq)
      this.faults.push(`${replay} counts ${sum} at ${nextSeq}`);
    if (state === 'completed' && nextSeq !== order.toSeq + 1) this.faults.push(`${replay} completed at ${nextSeq}`);
    this.saved.set(replay, write.progress);
    for (const { event } of write.deadLetters) this.deadLetters.add(event.seq);
    for (const seq of write.delivered) {
      if (!this.received.includes(seq)) this.faults.push(`${replay} says that ${seq} was delivered`);
      this.deadLetters.delete(seq);
    }
    const chosen = this.chosen.get(replay);
    for (const seq of chosen ?? []) if (seq < nextSeq) chosen?.delete(seq);
  }

  /** Nothing leaves that must not. */
  private inspect({ replay, version, events }: Extract<ReplayEffect, { kind: 'send' }>): void {
    const { wish, kind } = this.orders.get(replay) ?? {};
    if (!this.fresh) this.faults.push(`${replay} sends although the membership is in doubt`);
    if (!this.enabled || this.version !== version) this.faults.push(`${replay} sends under former settings`);
    if (wish !== 'run') this.faults.push(`${replay} sends although it is to ${wish}`);
    for (const { seq } of events)
      if (kind === 'range' && this.plan.unwanted.has(seq))
        this.faults.push(`${replay} sends ${seq}, which nobody wants`);
  }

  private receive({ events }: Extract<ReplayEffect, { kind: 'send' }>): Verdict[] {
    const all = (verdict: Verdict): Verdict[] => events.map(() => verdict);
    switch (this.mood) {
      case 'busy':
        return all({ kind: 'retry', reason: 'busy' });
      case 'unauthorized':
        return all({ kind: 'park', reason: 'credentials_refused', code: '401', words: 'no' });
      case 'refuses_all':
        for (const { seq } of events) this.refused.add(seq);
        return all({ kind: 'poison', reason: 'receiver_refused_event', code: '400', words: 'bad' });
      case 'too_large':
        if (events.length > 1) return all({ kind: 'split', reason: 'receiver_refused_size' });
        break;
      case 'takes':
      case 'first_busy':
        break;
    }
    return events.map(({ seq }, index): Verdict => {
      if (this.mood === 'first_busy' && index === 0) return { kind: 'retry', reason: 'busy' };
      if (this.plan.poison.has(seq)) {
        this.refused.add(seq);
        return { kind: 'poison', reason: 'receiver_refused_event', code: '400', words: 'bad' };
      }
      this.received.push(seq);
      return { kind: 'delivered' };
    });
  }

  private collect(): void {
    for (;;) {
      const effects = this.machine.takeEffects();
      for (const effect of effects) {
        if (effect.kind === 'abort') this.aborted.add(`${effect.replay}/${effect.id}`);
        else this.pending.push(effect);
        if (effect.kind === 'send') this.inspect(effect);
      }
      const granted = this.granted.splice(0);
      for (const replay of granted) this.machine.step(replay, this.now);
      if (effects.length + granted.length === 0) break;
    }
    for (const { destination } of this.orders.values())
      this.mostInFlight = Math.max(this.mostInFlight, this.inFlight(destination));
  }
}
