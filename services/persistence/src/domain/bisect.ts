// Remembers where to stop while a bad record is being closed in on. Offsets, not record counts: the next fetch may cut the batch elsewhere,
// and after a crash only offsets are left.

/** Exclusive ends, the nearest on top; a batch never reaches past the top one. */
export type Cuts = readonly number[];

export const noCuts: Cuts = [];

/** The range [from, to) was refused: try its left half, then what is left of it. */
export function cutInHalf(cuts: Cuts, from: number, to: number): Cuts {
  const middle = from + Math.ceil((to - from) / 2);
  const outer = cuts.filter((cut) => cut >= to);
  const withEnd = outer.at(-1) === to ? outer : [...outer, to];
  return middle < to ? [...withEnd, middle] : withEnd;
}

/** Everything below `offset` is done: cuts at or below it have served. */
export function passed(cuts: Cuts, offset: number): Cuts {
  return cuts.filter((cut) => cut > offset);
}

/** Where a batch that begins at `from` has to end. */
export function limitFor(cuts: Cuts, from: number): number {
  return passed(cuts, from).at(-1) ?? Infinity;
}
