// What one receiver took, by tenant: which events, in which order they came first, and how often one came that was there.

interface Taken {
  readonly seqs: Set<number>;
  highest: number;
}

export class Receipts {
  /** Events that came first behind one with a higher number: out of order. */
  disordered = 0;
  repeats = 0;
  private readonly byTenant = new Map<string, Taken>();

  readonly take = (tenant: string, seq: number): void => {
    const taken = this.byTenant.get(tenant) ?? { seqs: new Set<number>(), highest: 0 };
    this.byTenant.set(tenant, taken);
    if (taken.seqs.has(seq)) {
      this.repeats++;
      return;
    }
    taken.seqs.add(seq);
    if (seq < taken.highest) this.disordered++;
    else taken.highest = seq;
  };

  /** Of 1 … `head`, those that did not come. */
  missing(tenant: string, head: number): readonly number[] {
    const seqs = this.byTenant.get(tenant)?.seqs;
    const missing: number[] = [];
    for (let seq = 1; seq <= head; seq++) if (!seqs?.has(seq)) missing.push(seq);
    return missing;
  }

  /** What nobody stored. */
  beyond(tenant: string, head: number): number {
    return [...(this.byTenant.get(tenant)?.seqs ?? [])].filter((seq) => seq > head).length;
  }
}
