// What can happen to the simulated world, in any order, and how it is well again in the end.
import type { AckingReceiver } from './acking-receiver';
import { isLeftOut, World, type Answer, type Destination } from './simulation';

type Choose = (below: number) => number;

/** Answers of a bad day; healing means that only the first is left. */
const answers: readonly Answer[] = [
  'taken',
  'taken_unheard',
  'prefix_then_busy',
  'items_then_busy',
  'busy',
  'unauthorized',
  'refused_as_a_whole',
];

const changes = ['disable', 'resume', 'from_now', 'touch', 'filter', 'delete'] as const;
const spans = [1, 20, 300, 1_100, 3_100, 20_000, 400_000] as const;

function pick<T>(items: readonly T[], choose: Choose): T | undefined {
  return items[choose(items.length)];
}

export function living(world: World): Destination[] {
  return world.destinations.filter(({ deleted }) => !deleted);
}

function anyAnswer(world: World, choose: Choose): Answer {
  return (choose(100) < world.goodwill ? 'taken' : pick(answers, choose)) ?? 'taken';
}

const acking = (world: World): AckingReceiver[] => living(world).flatMap(({ sink }) => sink.acks ?? []);

type Happening = (world: World, choose: Choose) => void;

/** Each with its usual weight. A run takes some of them more often than others, and some not at all: what is rare alone may be common together. */
const happenings: readonly (readonly [weight: number, happening: Happening])[] = [
  [
    4,
    (world, choose) => {
      const tenant = choose(3) === 0 ? 'b' : 'a';
      for (let n = choose(6); n >= 0; n--) world.append(tenant);
      if (choose(4) > 0) world.publish(100);
    },
  ],
  [1, (world, choose) => world.publish(choose(4))],
  [1, (world, choose) => world.republish(choose(8))],
  [
    1,
    (world, choose) => {
      if (choose(2) === 0) world.append(choose(2) === 0 ? 'b' : 'a');
      world.lose();
    },
  ],
  [5, (world, choose) => world.owner?.deliver(1 + choose(8))],
  [
    6,
    (world, choose) => {
      const busy = world.replicas.filter(({ sends }) => sends.length > 0);
      const replica = pick(busy, choose);
      const answer = anyAnswer(world, choose);
      if (choose(3) === 0) replica?.reach(choose(replica.sends.length), answer);
      else replica?.answer(choose(replica.sends.length), answer);
    },
  ],
  [
    5,
    (world, choose) => {
      const writing = world.replicas.filter(({ writes }) => writes.length > 0);
      const replica = pick(writing, choose);
      replica?.write(choose(replica.writes.length));
    },
  ],
  [
    4,
    (world, choose) => {
      const reading = world.replicas.filter(({ reads }) => reads.length > 0);
      const replica = pick(reading, choose);
      if (choose(2) === 0) replica?.look(choose(replica.reads.length));
      else replica?.read(choose(replica.reads.length));
    },
  ],
  [
    3,
    (world, choose) => {
      world.now += pick(spans, choose) ?? 1;
      for (const replica of world.replicas) if (!replica.dead) replica.tick();
    },
  ],
  // A good while: whoever can catches up and turns live.
  [2, (world, choose) => void Array.from({ length: 2 + choose(12) }, () => progress(world))],
  [2, (world) => world.owner?.commit()],
  [1, (world) => world.owner?.saveStatus()],
  [
    1,
    (world, choose) => {
      const destination = pick(living(world), choose);
      if (destination) world.change(destination, changes[choose(changes.length)] ?? 'touch');
      if (choose(3) > 0) world.owner?.reconfigure();
    },
  ],
  [1, (world) => world.owner?.reconfigure()],
  [
    1,
    (world, choose) => {
      if (world.destinations.length < 8) create(world, choose);
    },
  ],
  [
    1,
    (world, choose) => {
      const destination = pick(living(world), choose);
      if (destination) destination.sink.refusesAll = choose(3) === 0;
    },
  ],
  // The process dies, or its successor claims while it is paused and wakes up later.
  [
    1,
    (world, choose) => {
      const old = world.owner;
      if (!old) return;
      old.fresh = false;
      if (choose(2) === 0) old.end();
      world.claim();
    },
  ],
  [
    1,
    (world, choose) => {
      if (choose(2) === 0) world.committed = undefined;
      else world.truncateLog();
      world.owner?.end();
      world.claim();
    },
  ],
  [
    1,
    (world, choose) => {
      if (choose(4) === 0) world.retain('a', choose(5));
    },
  ],
  [
    3,
    (world, choose) => {
      const polling = world.replicas.filter(({ polls }) => polls.length > 0);
      const replica = pick(polling, choose);
      if (choose(3) === 0) replica?.reachPoll(choose(replica.polls.length));
      else replica?.answerPoll(choose(replica.polls.length), choose(100) < world.goodwill);
    },
  ],
  [2, (world, choose) => pick(acking(world), choose)?.makeSafe(() => choose(2) === 0)],
  // With it goes what it had not made safe; and what reaches it first afterwards may be taken without an answer.
  [
    1,
    (world, choose) => {
      const destination = pick(living(world), choose);
      destination?.sink.acks?.restart();
      const sends = world.owner?.sends ?? [];
      const index = sends.findIndex((send) => send.destination === destination?.view.id);
      if (index >= 0 && choose(2) === 0) world.owner?.answer(index, 'taken_unheard');
    },
  ],
  [1, (world, choose) => pick(acking(world), choose)?.turn(choose(4) > 0)],
];

/** One round in which everything answers and the receivers take what they can. True: there was nothing to do. */
function progress(world: World): boolean {
  let idle = true;
  for (const replica of world.replicas) {
    for (let n = replica.sends.length; n > 0; n--) {
      replica.answer(0, 'taken');
      idle = false;
    }
  }
  for (const receiver of acking(world)) receiver.makeSafe(() => true);
  const { owner } = world;
  if (!owner) return idle;
  // Polls go on for as long as anything is outstanding: they are no progress.
  for (let n = owner.polls.length; n > 0; n--) owner.answerPoll(0, true);
  for (let n = owner.writes.length; n > 0; n--) {
    owner.write(0);
    idle = false;
  }
  for (let n = owner.reads.length; n > 0; n--) {
    owner.read(0);
    idle = false;
  }
  const before = owner.position;
  owner.deliver(10);
  if (owner.position !== before || owner.handed) idle = false;
  owner.commit();
  world.now += idle ? 60_000 : 5;
  owner.tick();
  return idle;
}

/** The happenings of one run: an urn of them. */
function urn(choose: Choose): Happening[] {
  const moods = [0, 1, 1, 1, 3];
  return happenings.flatMap(([weight, happening], index) => {
    const times = weight * (index < 10 ? 1 + choose(3) : (pick(moods, choose) ?? 1));
    return Array.from({ length: times }, () => happening);
  });
}

function create(world: World, choose: Choose): void {
  const tenant = choose(3) === 0 ? 'b' : 'a';
  const head = world.heads.get(tenant) ?? 0;
  const poison = Array.from({ length: choose(4) }, () => head + 1 + choose(15));
  const acknowledges = choose(3) === 0;
  const itemized = choose(3) === 0 && !acknowledges;
  const leavesOutEvery = pick([0, 0, 0, 1, 2, 3], choose) ?? 0;
  world.create(tenant, { itemized, acknowledges, enabled: choose(5) > 0, poison, leavesOutEvery });
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
    const idle = progress(world);
    if (idle && round > 50 && owner.sends.length + owner.writes.length + owner.reads.length === 0 && settled(world))
      break;
  }
  owner.saveStatus();
}

function settled(world: World): boolean {
  return (
    living(world).every((destination) => missing(world, destination).length === 0) && unsettled(world).length === 0
  );
}

/** Cursors that are left although their destination has caught up; one that acknowledges keeps its own at the end. */
export function unsettled(world: World): string[] {
  const left = [...world.cursors].filter(([id, { nextSeq }]) => {
    const { sink, view } = world.destinations.find((destination) => destination.view.id === id) ?? {};
    return !sink?.acks || nextSeq !== (world.heads.get(view?.tenant ?? '') ?? 0) + 1;
  });
  return left.map(([id]) => id);
}

export function missing(world: World, { view, sink, filters }: Destination): number[] {
  const owed: number[] = [];
  for (let seq = view.startSeq; seq <= (world.heads.get(view.tenant) ?? 0); seq++) {
    if (isLeftOut(filters, seq) || sink.safe.has(seq)) continue;
    if (world.letters.get(view.id)?.has(seq) || world.gaps.get(view.id)?.has(seq)) continue;
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
  world.goodwill = [30, 70, 95][choose(3)] ?? 70;
  create(world, choose);
  create(world, choose);
  world.claim();
  const drawn = urn(choose);
  for (const step of tape) drawn[step % drawn.length]?.(world, choose);
  heal(world);
  return world;
}
