import { ReplayWorld, type Plan } from '../../test/replay-world';
import type { ReplayEffect } from './replay-effects';

const plan = (changes: Partial<Plan> = {}): Plan => ({
  last: 40,
  poison: new Set(),
  unwanted: new Set(),
  letters: new Set(),
  orders: [{ id: 'r', destination: 'd', kind: 'range', fromSeq: 1, toSeq: 20 }],
  ...changes,
});
const range = (id: string, destination: string, fromSeq: number, toSeq: number) =>
  ({ id, destination, kind: 'range', fromSeq, toSeq }) as const;

/** Does all that is asked for, and lets this much time pass with it. */
function go(world: ReplayWorld, ms = 0): void {
  const until = world.now + ms;
  for (let step = 0; step < 10_000; step++) {
    if (world.pending.length > 0) world.perform(0);
    else if (world.nextWake <= until) world.pass(Math.max(1, world.nextWake - world.now));
    else return;
  }
}
const sends = (world: ReplayWorld) =>
  world.pending.filter((effect): effect is Extract<ReplayEffect, { kind: 'send' }> => effect.kind === 'send');
/** Everything but answers of receivers. */
function prepare(world: ReplayWorld): void {
  for (let at = world.pending.findIndex(({ kind }) => kind !== 'send'); at >= 0;) {
    world.perform(at);
    at = world.pending.findIndex(({ kind }) => kind !== 'send');
  }
}

describe('a replay', () => {
  it('of a destination goes after an older one; of another destination beside it', () => {
    const orders = [range('first', 'd', 1, 5), range('second', 'd', 1, 5), range('other', 'e', 1, 5)];
    const world = new ReplayWorld(plan({ orders }));
    prepare(world);
    expect(sends(world).map(({ replay }) => replay)).toEqual(['first', 'other']);
    expect(world.saved.get('second')).toMatchObject({ state: 'waiting', reason: 'queued' });
    go(world);
    expect([...world.saved.values()].map(({ state }) => state)).toEqual(['completed', 'completed', 'completed']);
  });

  it('that is paused gives its turn to the next, once its last request is answered', () => {
    const orders = [range('first', 'd', 1, 20), range('second', 'd', 1, 5)];
    const world = new ReplayWorld(plan({ orders }));
    prepare(world);
    const first = world.orders.get('first');
    if (first) world.orders.set('first', { ...first, wish: 'pause' });
    world.configure();
    prepare(world);
    expect(sends(world).map(({ replay }) => replay)).toEqual(['first']);
    go(world);
    expect(world.saved.get('first')).toMatchObject({ state: 'paused', delivered: 7, nextSeq: 8 });
    expect(world.saved.get('second')).toMatchObject({ state: 'completed' });
    expect(world.mostInFlight).toBe(1);
  });

  it('that is cancelled ends at once: what is in flight is aborted, and its answer counts for nothing', () => {
    const world = new ReplayWorld(plan());
    prepare(world);
    const order = world.orders.get('r');
    if (order) world.orders.set('r', { ...order, wish: 'cancel' });
    world.configure();
    expect(world.inFlight('d')).toBe(0);
    go(world);
    expect(world.saved.get('r')).toMatchObject({ state: 'cancelled', delivered: 0, nextSeq: 1 });
  });

  it('of a receiver that refuses everything makes no dead letters, waits, and sends all when it is mended', () => {
    const world = new ReplayWorld(plan());
    world.mood = 'refuses_all';
    go(world, 60_000);
    expect(world.saved.get('r')).toMatchObject({ state: 'waiting', reason: 'refuses_everything', nextSeq: 1 });
    expect(world.deadLetters.size).toBe(0);
    world.mood = 'takes';
    go(world, 600_000);
    expect(world.saved.get('r')).toMatchObject({ state: 'completed', delivered: 20, deadLettered: 0 });
  });

  it('makes dead letters of events that are refused while others are taken, however many stand together', () => {
    const bad = [3, 8, 9, 10, 11, 12, 20];
    const world = new ReplayWorld(plan({ poison: new Set(bad) }));
    go(world, 3_600_000);
    expect([...world.deadLetters]).toEqual(bad);
    expect(world.saved.get('r')).toMatchObject({ state: 'completed', delivered: 13, deadLettered: 7 });
  });

  it('of one event that is refused waits until something else shows that the receiver takes any', () => {
    const world = new ReplayWorld(plan({ poison: new Set([5]), orders: [range('r', 'd', 5, 5)] }));
    go(world, 60_000);
    expect(world.saved.get('r')).toMatchObject({ state: 'waiting', reason: 'receiver_refused_event', words: 'bad' });
    world.laneSuccessAt = world.now;
    go(world, 3_600_000);
    expect(world.saved.get('r')).toMatchObject({ state: 'completed', deadLettered: 1 });
  });

  it('tries nothing while live delivery to its destination fails, and says what that says', () => {
    const world = new ReplayWorld(plan());
    world.laneFails = true;
    go(world, 60_000);
    expect(world.received).toEqual([]);
    expect(world.saved.get('r')).toMatchObject({ state: 'waiting', reason: 'credentials_refused', words: 'no' });
    world.laneFails = false;
    go(world, 60_000);
    expect(world.saved.get('r')).toMatchObject({ state: 'completed', delivered: 20 });
  });

  it('sends again what a receiver put off, and not what it took behind that', () => {
    const world = new ReplayWorld(plan({ orders: [range('r', 'd', 1, 5)] }));
    world.mood = 'first_busy';
    prepare(world);
    world.perform(0);
    prepare(world);
    expect(world.saved.get('r')).toMatchObject({ state: 'waiting', reason: 'busy', nextSeq: 1, delivered: 0 });
    world.mood = 'takes';
    go(world, 60_000);
    expect(world.received).toEqual([2, 3, 4, 5, 1]);
    expect(world.saved.get('r')).toMatchObject({ state: 'completed', delivered: 5 });
  });

  it('that waits holds no memory', () => {
    const orders = Array.from({ length: 5 }, (_, index) => range(`r${index}`, `d${index}`, 1, 20));
    const world = new ReplayWorld(plan({ orders }));
    world.mood = 'busy';
    go(world, 10_000);
    expect([...world.saved.values()].map(({ reason }) => reason)).toEqual(orders.map(() => 'busy'));
    expect([world.budgets.pages.inUse, world.budgets.probes.inUse]).toEqual([0, 0]);
  });

  it('with many others holds no more pages in memory than their budget has room for', () => {
    const orders = Array.from({ length: 30 }, (_, index) => range(`r${index}`, `d${index}`, 1, 20));
    const world = new ReplayWorld(plan({ orders }));
    prepare(world);
    expect(sends(world)).toHaveLength(3);
    go(world);
    expect([...world.saved.values()].filter(({ state }) => state === 'completed')).toHaveLength(30);
  });
});
