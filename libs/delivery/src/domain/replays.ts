// The open replays of one partition: of each destination one works at a time, the oldest that is not paused.
import type { DeliverableEvent } from '@auditlane/destinations';
import type { DestinationView, Sent } from './effects';
import { Replay, type ReplayHost } from './replay';
import type { Letter, ReplayEffect, ReplayOrder, ReplayProgress, ReplayState } from './replay-effects';

type OpenState = Exclude<ReplayState, 'completed' | 'cancelled'>;

export interface ReplaysHost extends Omit<ReplayHost, 'emit' | 'nextId' | 'granted'> {
  /** A replay can go on; asked for from within another one's step, so to be answered later. */
  granted(replay: string): void;
}

export class Replays {
  private readonly byId = new Map<string, Replay>();
  private effects: ReplayEffect[] = [];
  private lastId = 0;
  private readonly inner: ReplayHost;

  constructor(host: ReplaysHost) {
    this.inner = {
      ...host,
      emit: (effect) => this.effects.push(effect),
      nextId: () => ++this.lastId,
      granted: (replay) => host.granted(replay.order.id),
    };
  }

  takeEffects(): ReplayEffect[] {
    const { effects } = this;
    this.effects = [];
    return effects;
  }

  get nextWake(): number {
    let at = Infinity;
    for (const replay of this.byId.values()) at = Math.min(at, replay.wakeAt);
    return at;
  }

  get inFlight(): number {
    let flying = 0;
    for (const replay of this.byId.values()) if (replay.inFlight) flying++;
    return flying;
  }

  *openStates(): Generator<OpenState> {
    for (const { progress } of this.byId.values())
      if (progress.state !== 'completed' && progress.state !== 'cancelled') yield progress.state;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  /** What was ordered and how its destination is set up, as it is now; a replay that is not named is gone. */
  configure(
    orders: readonly { readonly order: ReplayOrder; readonly view: DestinationView; readonly saved?: ReplayProgress }[],
    now: number,
  ): void {
    const named = new Set(orders.map(({ order }) => order.id));
    for (const [id, replay] of this.byId) {
      if (named.has(id)) continue;
      replay.remove();
      this.byId.delete(id);
    }
    for (const { order, view, saved } of orders) {
      const known = this.byId.get(order.id);
      known?.wish(order);
      known?.configure(view, now);
      if (!known) this.byId.set(order.id, new Replay(this.inner, order, view, saved));
    }
    this.stepAll(now);
  }

  page(replay: string, id: number, rows: readonly DeliverableEvent[], now: number): void {
    this.byId.get(replay)?.page(id, rows, now);
    this.step(replay, now);
  }

  letters(replay: string, id: number, letters: readonly Letter[], now: number): void {
    this.byId.get(replay)?.letters(id, letters, now);
    this.step(replay, now);
  }

  answer(replay: string, id: number, sent: Sent, now: number): void {
    const known = this.byId.get(replay);
    known?.answer(id, sent, now);
    if (known?.order.wish === 'run') this.step(replay, now);
    // Paused: now another may go on.
    else this.stepAll(now);
  }

  written(replay: string, id: number, now: number): void {
    const known = this.byId.get(replay);
    known?.written(id, now);
    if (!known?.ended) return this.step(replay, now);
    this.byId.delete(replay);
    this.stepAll(now);
  }

  tick(now: number): void {
    for (const replay of this.byId.values()) if (replay.wakeAt <= now) replay.step(now);
  }

  step(replay: string, now: number): void {
    this.byId.get(replay)?.step(now);
  }

  /** The partition is another instance's: what is in flight is given up. */
  lost(): void {
    for (const replay of this.byId.values()) replay.remove();
    this.byId.clear();
  }

  private stepAll(now: number): void {
    this.giveTurns();
    for (const replay of this.byId.values()) replay.step(now);
  }

  /** Whoever has the turn keeps it until it ends or is paused. */
  private giveTurns(): void {
    const holders = new Map<string, Replay>();
    for (const replay of this.byId.values()) {
      const { destination, wish } = replay.order;
      if (wish !== 'run' && !replay.holds) continue;
      const other = holders.get(destination);
      if (!other || comesBefore(replay, other)) holders.set(destination, replay);
    }
    for (const replay of this.byId.values()) replay.turn = holders.get(replay.order.destination) === replay;
  }
}

function comesBefore(one: Replay, other: Replay): boolean {
  if (one.holds !== other.holds) return one.holds;
  const { createdAt, id } = one.order;
  return createdAt === other.order.createdAt ? id < other.order.id : createdAt < other.order.createdAt;
}
