// A lane's leave to hold a page in memory, taken from a budget that all lanes share: that of finding out, or that of catching up.
import type { ByteBudget } from './byte-budget';

export class PagePermit {
  private budget: ByteBudget | undefined;
  private bytes = 0;
  private awaited = false;

  /** `granted`: a permit that had to be waited for has come; answers whether it is still wanted. */
  constructor(private readonly granted: () => boolean) {}

  get isAwaited(): boolean {
    return this.awaited;
  }

  /** False: not yet, `granted` will be called. */
  take(budget: ByteBudget, bytes: number): boolean {
    if (this.budget === budget && this.bytes === bytes) return true;
    this.giveBack();
    if (this.awaited) return false;
    this.awaited = true;
    if (!budget.take(bytes, () => this.arrived(budget, bytes))) return false;
    this.awaited = false;
    this.budget = budget;
    this.bytes = bytes;
    return true;
  }

  /** What was read is less than it might have been. */
  shrink(bytes: number): void {
    const unused = this.bytes - bytes;
    if (!this.budget || unused <= 0) return;
    this.bytes = bytes;
    this.budget.give(unused);
  }

  giveBack(): void {
    const { budget, bytes } = this;
    this.budget = undefined;
    this.bytes = 0;
    budget?.give(bytes);
  }

  private arrived(budget: ByteBudget, bytes: number): void {
    this.awaited = false;
    this.budget = budget;
    this.bytes = bytes;
    if (!this.granted()) this.giveBack();
  }
}
