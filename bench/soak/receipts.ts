// What one receiver took, by tenant: which events, in which order they came first, and how often one came that was there.

interface Taken {
  /** With whether the sender may know that it was taken. */
  readonly seqs: Map<number, boolean>;
  highest: number;
}

export class Receipts {
  /** Events that came first behind one with a higher number: out of order. */
  disordered = 0;
  /** Of events that had been answered. */
  repeats = 0;
  /** Of events that were taken without an answer: nobody could know. */
  unansweredRepeats = 0;
  /** False while the receiver takes events and resets the connection. */
  answers = true;
  private readonly byTenant = new Map<string, Taken>();

  readonly take = (tenant: string, seq: number): void => {
    const taken = this.byTenant.get(tenant) ?? { seqs: new Map<number, boolean>(), highest: 0 };
    this.byTenant.set(tenant, taken);
    const answered = taken.seqs.get(seq);
    taken.seqs.set(seq, this.answers);
    if (answered !== undefined) {
      if (answered) this.repeats++;
      else this.unansweredRepeats++;
      return;
    }
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
    return [...(this.byTenant.get(tenant)?.seqs.keys() ?? [])].filter((seq) => seq > head).length;
  }
}
