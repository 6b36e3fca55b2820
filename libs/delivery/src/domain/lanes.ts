// The lanes of one partition: by destination for what comes back from outside, by tenant for what comes from Kafka.
import { bytesStandingStill } from './intake';
import type { Lane } from './lane';

export class Lanes {
  private readonly byId = new Map<string, Lane>();
  private readonly byTenant = new Map<string, Lane[]>();

  get(id: string): Lane | undefined {
    return this.byId.get(id);
  }

  ofTenant(tenant: string): readonly Lane[] | undefined {
    return this.byTenant.get(tenant);
  }

  [Symbol.iterator](): Iterator<Lane> {
    return this.byId.values();
  }

  add(lane: Lane): void {
    const { tenant } = lane.settings;
    this.byId.set(lane.id, lane);
    const lanes = this.byTenant.get(tenant);
    if (lanes) lanes.push(lane);
    else this.byTenant.set(tenant, [lane]);
  }

  /** No event comes to it any more; what is in flight still comes back. */
  retire(lane: Lane): void {
    const { tenant } = lane.settings;
    const others = (this.byTenant.get(tenant) ?? []).filter((other) => other !== lane);
    if (others.length > 0) this.byTenant.set(tenant, others);
    else this.byTenant.delete(tenant);
  }

  forget(lane: Lane): void {
    this.byId.delete(lane.id);
  }

  /** The one that would give most memory back by parking, of those that do not deliver anyway. */
  largestStandingStill(now: number): Lane | undefined {
    let largest: Lane | undefined;
    let bytes = 0;
    for (const lane of this) {
      const still = bytesStandingStill(lane, now);
      if (still <= bytes) continue;
      bytes = still;
      largest = lane;
    }
    return largest;
  }
}
