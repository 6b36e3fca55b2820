// A bound on bytes in memory that many lanes share; whoever finds it used up gets its part as soon as others have given theirs back.

export class ByteBudget {
  private used = 0;
  private waiting: { readonly bytes: number; readonly granted: () => void }[] = [];

  constructor(private readonly bytes: number) {}

  get inUse(): number {
    return this.used;
  }

  /** Something larger than the whole budget is let through alone, or it would wait for ever. */
  fits(bytes: number): boolean {
    return this.used === 0 || this.used + bytes <= this.bytes;
  }

  /** For what is in memory already. */
  add(bytes: number): void {
    this.used += bytes;
  }

  /** True: taken. False: `granted` will be called once it has been taken for the caller, first come, first served. */
  take(bytes: number, granted: () => void): boolean {
    if (this.waiting.length > 0 || !this.fits(bytes)) {
      this.waiting.push({ bytes, granted });
      return false;
    }
    this.used += bytes;
    return true;
  }

  give(bytes: number): void {
    this.used -= bytes;
    if (this.waiting.length === 0) return;
    const granted: (() => void)[] = [];
    for (const waiter of this.waiting) {
      if (!this.fits(waiter.bytes)) break;
      this.used += waiter.bytes;
      granted.push(waiter.granted);
    }
    this.waiting = this.waiting.slice(granted.length);
    for (const call of granted) call();
  }
}
