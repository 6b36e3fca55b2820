// A set of seqs: what is in it is what was put in and not taken out again.
import * as fc from 'fast-check';
import { Spans } from './spans';

const span = fc.tuple(fc.nat(30), fc.nat(6)).map(([from, more]) => ({ from, to: from + more }));
const changes = fc.array(fc.record({ kind: fc.constantFrom('add', 'remove'), span }), { maxLength: 20 });

function made(steps: readonly { kind: string; span: { from: number; to: number } }[]) {
  const spans = new Spans();
  const seqs = new Set<number>();
  for (const {
    kind,
    span: { from, to },
  } of steps) {
    if (kind === 'add') spans.add(from, to);
    else spans.remove(from, to);
    for (let seq = from; seq <= to; seq++)
      if (kind === 'add') seqs.add(seq);
      else seqs.delete(seq);
  }
  return { spans, seqs };
}

describe('spans', () => {
  it('hold what a set holds', () => {
    fc.assert(
      fc.property(changes, (steps) => {
        const { spans, seqs } = made(steps);
        for (let seq = 0; seq < 40; seq++) {
          expect(spans.has(seq)).toBe(seqs.has(seq));
          const starts = [...seqs].filter((one) => one > seq && !seqs.has(one - 1));
          expect(spans.nextAfter(seq)).toBe(starts.length > 0 ? Math.min(...starts) : undefined);
        }
      }),
    );
  });

  it('say what of a span is not in them', () => {
    fc.assert(
      fc.property(changes, span, (steps, { from, to }) => {
        const { spans, seqs } = made(steps);
        const outside = spans.outside({ from, to }).flatMap((part) => {
          return Array.from({ length: part.to - part.from + 1 }, (_, at) => part.from + at);
        });
        const expected = Array.from({ length: to - from + 1 }, (_, at) => from + at).filter((seq) => !seqs.has(seq));
        expect(outside).toEqual(expected);
      }),
    );
  });

  it('are leapt from one that begins right behind, and forgotten up to there', () => {
    const { spans } = made([
      { kind: 'add', span: { from: 2, to: 3 } },
      { kind: 'add', span: { from: 6, to: 8 } },
      { kind: 'add', span: { from: 12, to: 12 } },
    ]);
    expect(spans.leap(4)).toBe(4);
    expect(spans.has(3)).toBe(false);
    expect(spans.leap(5)).toBe(8);
    expect(spans.leap(8)).toBe(8);
    expect(spans.leap(20)).toBe(20);
    expect(spans.any).toBe(false);
  });
});
