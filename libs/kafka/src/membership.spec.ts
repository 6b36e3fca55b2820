import { freshForMs, Membership } from './membership';

describe('freshness', () => {
  const clock = { now: 1_000 };
  const membership = (): Membership => new Membership(30_000, () => clock.now);
  beforeEach(() => {
    clock.now = 1_000;
  });

  it('counts from when an answered heartbeat was sent, not from when its answer was read', () => {
    const own = membership();
    own.answered(200);
    own.begin();
    clock.now += 20_000;
    // A heartbeat whose answer lay unread for 24 s because the process was stopped.
    clock.now += 24_000;
    own.answered(24_000);
    own.confirmed();
    expect(own.isFresh()).toBe(true);
    clock.now += 1_000;
    expect(own.isFresh()).toBe(false);
  });

  it('does not count heartbeats that the group refused', () => {
    const own = membership();
    own.answered(0);
    own.begin();
    clock.now += 24_999;
    own.answered(10);
    expect(own.isFresh()).toBe(true);
    clock.now += 1;
    expect(own.isFresh()).toBe(false);
  });

  it('ends with the membership', () => {
    const own = membership();
    own.answered(0);
    expect(own.begin()).toBe(1);
    own.end();
    expect(own.isFresh()).toBe(false);
    expect(own.isAlive()).toBe(false);
  });

  it('is 25 s of a session of 30 s, and scales down with shorter sessions', () => {
    expect(freshForMs(30_000)).toBe(25_000);
    expect(freshForMs(6_000)).toBe(4_000);
  });
});
