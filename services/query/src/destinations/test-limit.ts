// Bounds how often and how many at once a tenant may try connections: without a bound the test would be a port scanner with our address.
import { LRUCache } from 'lru-cache';

const windowMs = 60_000;

export type Admission =
  { readonly kind: 'granted'; readonly release: () => void } | { readonly kind: 'wait'; readonly seconds: number };

export interface TestBounds {
  readonly perMinute: number;
  readonly atOnce: number;
}

/** A running test ends soon, but nobody knows when. */
const busySeconds = 5;

export class TestLimit {
  /** The times of each tenant's last tests, within the window. */
  private readonly times = new LRUCache<string, readonly number[]>({ max: 10_000 });
  private readonly running = new Map<string, number>();

  constructor(
    private readonly bounds: TestBounds,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counted where it is granted, whatever becomes of it; `release` when it is over, once or more often. */
  take(tenant: string): Admission {
    const now = this.now();
    const recent = (this.times.get(tenant) ?? []).filter((time) => time > now - windowMs);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= this.bounds.perMinute)
      return { kind: 'wait', seconds: Math.ceil((oldest + windowMs - now) / 1000) };
    const running = this.running.get(tenant) ?? 0;
    if (running >= this.bounds.atOnce) return { kind: 'wait', seconds: busySeconds };
    this.times.set(tenant, [...recent, now]);
    this.running.set(tenant, running + 1);
    let isOver = false;
    return {
      kind: 'granted',
      release: () => {
        if (isOver) return;
        isOver = true;
        const left = (this.running.get(tenant) ?? 1) - 1;
        if (left > 0) this.running.set(tenant, left);
        else this.running.delete(tenant);
      },
    };
  }
}
