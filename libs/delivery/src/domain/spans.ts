// A set of seqs as few spans: what a lane comes past again when it goes back for a request that was never acknowledged.

export interface Span {
  readonly from: number;
  readonly to: number;
}

export class Spans {
  /** Apart from each other, in order. */
  private spans: Span[] = [];

  get any(): boolean {
    return this.spans.length > 0;
  }

  has(seq: number): boolean {
    return this.spans.some(({ from, to }) => from <= seq && seq <= to);
  }

  add(from: number, to: number): void {
    const touching = this.spans.filter((span) => span.from <= to + 1 && from <= span.to + 1);
    const rest = this.spans.filter((span) => !touching.includes(span));
    const joined = {
      from: Math.min(from, ...touching.map((span) => span.from)),
      to: Math.max(to, ...touching.map((span) => span.to)),
    };
    this.spans = [...rest, joined].sort((one, other) => one.from - other.from);
  }

  remove(from: number, to: number): void {
    this.spans = this.spans.flatMap((span) => without(span, from, to));
  }

  /** The parts of a span that are not in here. */
  outside(span: Span): Span[] {
    return this.spans.reduce<Span[]>((parts, { from, to }) => parts.flatMap((part) => without(part, from, to)), [span]);
  }

  /** Where the first span after `seq` begins. */
  nextAfter(seq: number): number | undefined {
    return this.spans.find(({ from }) => from > seq)?.from;
  }

  /** The last seq of the span that begins right behind `seq`, or `seq`; what lies before is forgotten. */
  leap(seq: number): number {
    let through = seq;
    for (let first = this.spans[0]; first && first.from <= through + 1; first = this.spans[0]) {
      through = Math.max(through, first.to);
      this.spans.shift();
    }
    return through;
  }

  clear(): void {
    this.spans = [];
  }
}

function without(span: Span, from: number, to: number): Span[] {
  if (to < span.from || span.to < from) return [span];
  const parts = [
    { from: span.from, to: from - 1 },
    { from: to + 1, to: span.to },
  ];
  return parts.filter((part) => part.from <= part.to);
}
