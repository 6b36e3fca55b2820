// Each alarm once an outage: over any history of failures, successes, restarts, changes of owner and switches.
import * as fc from 'fast-check';
import { AlarmWatch, dueAlarms, type Alarm, type Watched } from './alarms';
import { Condition } from './condition';
import type { HealthState, SavedHealth } from './effects';

const times = { firstMs: 15, secondMs: 100 };
const watched = (failingSince: number | undefined, state: HealthState = 'failing'): Watched => ({
  destination: 'd',
  tenant: 'acme',
  state,
  failingSince,
});

describe('the alarms of an outage', () => {
  it('are due at their time, one after the other', () => {
    expect(dueAlarms(watched(10), [], 24, times)).toEqual([]);
    const first: Alarm = { kind: 'failing_15_minutes', failingSince: 10 };
    expect(dueAlarms(watched(10), [], 25, times)).toEqual([first]);
    expect(dueAlarms(watched(10), [first], 109, times)).toEqual([]);
    const second: Alarm = { kind: 'failing_24_hours', failingSince: 10 };
    expect(dueAlarms(watched(10), [first], 110, times)).toEqual([second]);
    expect(dueAlarms(watched(10), [first, second], 9_999, times)).toEqual([]);
  });

  it('are not repeated from the small one on where the large one is the first that could be raised', () => {
    const [only] = dueAlarms(watched(10), [], 500, times);
    expect(only).toEqual({ kind: 'failing_24_hours', failingSince: 10 });
    expect(dueAlarms(watched(10), only ? [only] : [], 501, times)).toEqual([]);
  });

  it('end with a word of recovery only where there was an alarm', () => {
    expect(dueAlarms(watched(undefined, 'healthy'), [], 500, times)).toEqual([]);
    const first: Alarm = { kind: 'failing_15_minutes', failingSince: 10 };
    const recovered: Alarm = { kind: 'recovered', failingSince: 10 };
    expect(dueAlarms(watched(undefined, 'healthy'), [first], 500, times)).toEqual([recovered]);
    expect(dueAlarms(watched(undefined, 'healthy'), [first, recovered], 500, times)).toEqual([]);
  });

  it('are told apart: a new outage has alarms of its own, after the end of the last', () => {
    const first: Alarm = { kind: 'failing_15_minutes', failingSince: 10 };
    expect(dueAlarms(watched(40), [first], 60, times)).toEqual([
      { kind: 'recovered', failingSince: 10 },
      { kind: 'failing_15_minutes', failingSince: 40 },
    ]);
  });

  it('are none for a destination that is switched off', () => {
    expect(dueAlarms(watched(10, 'disabled'), [], 9_999, times)).toEqual([]);
  });
});

/** What the database holds of one destination, and who may write it. */
class World {
  now = 1_000;
  epoch = 0;
  enabled = true;
  health: SavedHealth | undefined;
  readonly written: Alarm[] = [];
  owners: Owner[] = [];
  constructor() {
    this.claim();
  }

  claim(): void {
    this.epoch++;
    this.owners.push(new Owner(this, this.epoch));
  }

  get owner(): Owner {
    const owner = this.owners.at(-1);
    if (!owner) throw new Error('nobody owns it');
    return owner;
  }

  insert(alarm: Alarm, epoch: number): 'written' | 'there' | 'refused' {
    if (epoch !== this.epoch) return 'refused';
    expect(this.enabled).toBe(true);
    const there = this.written.some(
      ({ kind, failingSince }) => kind === alarm.kind && failingSince === alarm.failingSince,
    );
    if (there) return 'there';
    this.written.push(alarm);
    return 'written';
  }
}

class Owner {
  readonly condition = new Condition();
  readonly watch = new AlarmWatch(times);

  constructor(
    private readonly world: World,
    private readonly epoch: number,
  ) {
    if (world.health) this.condition.restore(world.health);
    this.watch.restore(watched(world.health?.failingSince, world.health?.state ?? 'healthy'), world.written);
  }

  save(): void {
    const { world } = this;
    if (this.epoch !== world.epoch) return;
    const state = world.enabled ? this.condition.state(world.now, 5) : 'disabled';
    const { failure, failingSince } = this.condition;
    world.health = {
      state,
      reason: failure?.reason ?? '',
      words: '',
      since: world.now,
      failingSince,
      lastSuccessAt: undefined,
    };
    this.watch.observe({
      destination: 'd',
      tenant: 'acme',
      startedVersion: 0,
      deliveredThrough: 0,
      state,
      reason: '',
      words: '',
      since: world.now,
      failingSince,
      lastSuccessAt: undefined,
      oldestUnsentAt: undefined,
      attempts: [],
    });
  }

  tick(): void {
    for (const { watched: about, alarm } of this.watch.due(this.world.now)) {
      // The settings say it first; the status follows.
      if (!this.world.enabled) continue;
      if (this.world.insert(alarm, this.epoch) !== 'refused') this.watch.settled(about.destination, alarm);
    }
  }
}

const commands = {
  fail: (world: World) => world.owner.condition.failed({ reason: 'busy', code: '', words: '' }, world.now),
  refuse: (world: World) => world.owner.condition.failed({ reason: 'not_found', code: '', words: '' }, world.now),
  succeed: (world: World) => world.owner.condition.succeeded(world.now),
  settings: (world: World) => world.owner.condition.forgive(world.now),
  save: (world: World) => world.owner.save(),
  tick: (world: World) => world.owner.tick(),
  zombieTicks: (world: World) => world.owners.forEach((owner) => owner.tick()),
  zombieSaves: (world: World) => world.owners.forEach((owner) => owner.save()),
  restart: (world: World) => world.claim(),
  disable: (world: World) => void (world.enabled = false),
  enable: (world: World) => void (world.enabled = true),
  wait: (world: World) => void (world.now += 7),
  waitLong: (world: World) => void (world.now += 60),
};

describe('over any history', () => {
  const history = fc.array(fc.constantFrom(...Object.values(commands)), { maxLength: 120 });

  it('every alarm is raised once an outage, none while it is off, and recovery only after an alarm', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const world = new World();
        for (const step of steps) {
          step(world);
          world.now++;
        }
        const keys = world.written.map(({ kind, failingSince }) => `${kind} ${failingSince}`);
        expect(keys).toEqual([...new Set(keys)]);
        for (const [at, { kind, failingSince }] of world.written.entries()) {
          const before = world.written.slice(0, at).filter((alarm) => alarm.failingSince === failingSince);
          if (kind === 'recovered') expect(before.some((alarm) => alarm.kind !== 'recovered')).toBe(true);
          else expect(before.map((alarm) => alarm.kind)).not.toContain('recovered');
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('one outage without a success has one beginning, whatever happens to its owners', () => {
    const quiet = Object.entries(commands)
      .filter(([name]) => name !== 'succeed')
      .map(([, command]) => command);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...quiet), { maxLength: 120 }), (steps) => {
        const world = new World();
        for (const step of steps) {
          step(world);
          world.now++;
        }
        expect(new Set(world.written.map(({ failingSince }) => failingSince)).size).toBeLessThanOrEqual(1);
        expect(world.written.length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 2_000 },
    );
  });

  it('an outage that lasts is told of in the end, and its end too', () => {
    fc.assert(
      fc.property(history, (steps) => {
        const world = new World();
        for (const step of steps) {
          step(world);
          world.now++;
        }
        world.enabled = true;
        commands.fail(world);
        world.now += times.secondMs;
        world.owner.save();
        world.owner.tick();
        const last = world.written.at(-1);
        expect(last?.failingSince).toBe(world.health?.failingSince);
        commands.succeed(world);
        world.owner.save();
        world.owner.tick();
        expect(world.written.at(-1)).toEqual({ kind: 'recovered', failingSince: last?.failingSince });
        expect(world.owner.watch.size).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
