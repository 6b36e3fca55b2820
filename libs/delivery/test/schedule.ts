// What can happen to the simulated world, in any order, and how it is well again in the end.
import { World, type Answer, type Destination } from './simulation';

type Choose = (below: number) => number;

/** Answers of a bad day; healing means that only the first is left. */
const answers: readonly Answer[] = [
  'taken',
  'taken',
  'taken',
  'taken_unheard',
  'prefix_then_busy',
  'items_then_busy',
  'busy',
  'unauthorized',
  'refused_as_a_whole',
];

const changes = ['disable', 'resume', 'from_now', 'touch', 'delete'] as const;

function pick<T>(items: readonly T[], choose: Choose): T | undefined {
  return items[choose(items.length)];
}

export function living(world: World): Destination[] {
  return world.destinations.filter(({ deleted }) => !deleted);
}

/** What can happen next; weights by repetition. */
const happenings: readonly ((world: World, choose: Choose) => void)[] = [
  ...Array.from({ length: 4 }, () => (world: World, choose: Choose) => {
    const tenant = choose(3) === 0 ? 'b' : 'a';
    for (let n = choose(6); n >= 0; n--) world.append(tenant);
    if (choose(4) > 0) world.publish(100);
  }),
  (world, choose) => world.publish(choose(4)),
  (world, choose) => world.republish(choose(8)),
  ...Array.from({ length: 5 }, () => (world: World, choose: Choose) => world.owner?.deliver(1 + choose(8))),
  ...Array.from({ length: 6 }, () => (world: World, choose: Choose) => {
    const replica = pick(
      world.replicas.filter(({ sends }) => sends.length > 0),
      choose,
    );
    replica?.answer(choose(replica.sends.length), pick(answers, choose) ?? 'taken');
  }),
  ...Array.from({ length: 5 }, () => (world: World, choose: Choose) => {
    const replica = pick(
      world.replicas.filter(({ writes }) => writes.length > 0),
      choose,
    );
    replica?.write(choose(replica.writes.length));
  }),
  ...Array.from({ length: 4 }, () => (world: World, choose: Choose) => {
    const replica = pick(
      world.replicas.filter(({ reads }) => reads.length > 0),
      choose,
    );
    replica?.read(choose(replica.reads.length));
  }),
  ...Array.from({ length: 3 }, () => (world: World, choose: Choose) => {
    world.now += [1, 20, 300, 1_100, 3_100, 20_000, 400_000][choose(7)] ?? 1;
    for (const replica of world.replicas) if (!replica.dead) replica.tick();
  }),
  (world) => world.owner?.commit(),
  (world) => world.owner?.commit(),
  (world) => world.owner?.saveStatus(),
  (world, choose) => {
    const destination = pick(living(world), choose);
    if (destination) world.change(destination, changes[choose(changes.length)] ?? 'touch');
    if (choose(3) > 0) world.owner?.reconfigure();
  },
  (world) => world.owner?.reconfigure(),
  (world, choose) => {
    if (world.destinations.length < 8) create(world, choose);
  },
  (world, choose) => {
    const destination = pick(living(world), choose);
    if (destination) destination.sink.refusesAll = choose(3) === 0;
  },
  // The process dies, or its successor claims while it is paused and wakes up later.
  (world, choose) => {
    const old = world.owner;
    if (!old) return;
    old.fresh = false;
    if (choose(2) === 0) old.end();
    world.claim();
  },
  (world, choose) => {
    if (choose(4) > 0) return;
    if (choose(2) === 0) world.committed = undefined;
    else world.truncateLog();
    world.owner?.end();
    world.claim();
  },
  (world, choose) => {
    if (choose(4) === 0) world.retain('a', choose(5));
  },
];

function create(world: World, choose: Choose): void {
  const tenant = choose(3) === 0 ? 'b' : 'a';
  const head = world.heads.get(tenant) ?? 0;
  const poison = Array.from({ length: choose(4) }, () => head + 1 + choose(15));
  world.create(tenant, { itemized: choose(3) === 0, enabled: choose(5) > 0, poison });
}

/** Everything is well again: receivers take what is not poison, writes are written, time passes. */
function heal(world: World): void {
  for (const { sink } of world.destinations) sink.refusesAll = false;
  for (const destination of living(world)) if (!destination.view.enabled) world.change(destination, 'resume');
  world.publish(Infinity);
  for (const tenant of ['a', 'b']) {
    // Poison with nothing after it stays a candidate: a later event has to show whose fault it is.
    for (let n = 0; n < 20; n++) world.append(tenant);
  }
  world.publish(Infinity);
  const owner = world.owner ?? world.claim();
  owner.fresh = true;
  owner.reconfigure();
  for (let round = 0; round < 3_000; round++) {
    let idle = true;
    for (const replica of world.replicas) {
      while (replica.sends.length > 0) {
        replica.answer(0, 'taken');
        idle = false;
      }
    }
    while (owner.writes.length > 0) {
      owner.write(0);
      idle = false;
    }
    while (owner.reads.length > 0) {
      owner.read(0);
      idle = false;
    }
    const before = owner.position;
    owner.deliver(10);
    if (owner.position !== before || owner.handed) idle = false;
    owner.commit();
    world.now += idle ? 60_000 : 5;
    owner.tick();
    if (idle && owner.sends.length + owner.writes.length + owner.reads.length === 0 && round > 50 && settled(world))
      break;
  }
  owner.saveStatus();
}

function settled(world: World): boolean {
  return living(world).every((destination) => missing(world, destination).length === 0) && world.cursors.size === 0;
}

export function missing(world: World, { view, sink }: Destination): number[] {
  const owed: number[] = [];
  for (let seq = view.startSeq; seq <= (world.heads.get(view.tenant) ?? 0); seq++) {
    if (sink.seen.has(seq) || world.letters.get(view.id)?.has(seq) || world.gaps.get(view.id)?.has(seq)) continue;
    owed.push(seq);
  }
  return owed;
}

export function run(tape: readonly number[], seed: number): World {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const world = new World(random);
  const choose: Choose = (below) => Math.floor(random() * below);
  create(world, choose);
  create(world, choose);
  world.claim();
  for (const step of tape) happenings[step % happenings.length]?.(world, choose);
  heal(world);
  return world;
}
