// The clock that lanes go by: milliseconds that only ever grow, whatever happens to the wall clock, and look like its own at the start.

export const now = (): number => Math.floor(performance.timeOrigin + performance.now());
