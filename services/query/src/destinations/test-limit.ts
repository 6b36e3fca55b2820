// Bounds how often a tenant may try connections: without a bound the test would be a port scanner with our address.
import { LRUCache } from 'lru-cache';

const windowMs = 60_000;

export class TestLimit {
  /** The times of each tenant's last tests, within the window. */
  private readonly times = new LRUCache<string, readonly number[]>({ max: 10_000 });

  constructor(
    private readonly perMinute: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** 0 where the test may run (it is counted then), else the seconds until one may. */
  take(tenant: string): number {
    const now = this.now();
    const recent = (this.times.get(tenant) ?? []).filter((time) => time > now - windowMs);
    const [oldest] = recent;
    if (oldest !== undefined && recent.length >= this.perMinute) return Math.ceil((oldest + windowMs - now) / 1000);
    this.times.set(tenant, [...recent, now]);
    return 0;
  }
}
