// Which lane wants to look at the clock next: a heap of times, so that a hundred thousand idle lanes cost nothing.

interface Wake<T> {
  readonly at: number;
  readonly owner: T;
}

export class Wakes<T> {
  private readonly heap: Wake<T>[] = [];

  get next(): number | undefined {
    return this.heap[0]?.at;
  }

  add(at: number, owner: T): void {
    const heap = this.heap;
    heap.push({ at, owner });
    let index = heap.length - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.swapIfEarlier(index, parent)) break;
      index = parent;
    }
  }

  /** The earliest one that is due, taken out. */
  due(now: number): { readonly at: number; readonly owner: T } | undefined {
    const top = this.heap[0];
    if (!top || top.at > now) return undefined;
    const last = this.heap.pop();
    if (last && last !== top) {
      this.heap[0] = last;
      this.sink();
    }
    return top;
  }

  private sink(): void {
    let index = 0;
    for (;;) {
      const left = index * 2 + 1;
      const right = left + 1;
      const child = this.at(right) < this.at(left) ? right : left;
      if (child >= this.heap.length || !this.swapIfEarlier(child, index)) return;
      index = child;
    }
  }

  private at(index: number): number {
    return this.heap[index]?.at ?? Infinity;
  }

  private swapIfEarlier(index: number, above: number): boolean {
    const one = this.heap[index];
    const other = this.heap[above];
    if (!one || !other || one.at >= other.at) return false;
    this.heap[above] = one;
    this.heap[index] = other;
    return true;
  }
}
