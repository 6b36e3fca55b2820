// How long to wait before the same batch is tried again: exponential with full jitter, so that replicas do not return in step.

const firstMs = 100;
const capMs = 15_000;

/** `failures` counts from 1; `random` is in [0, 1). */
export function backOffMs(failures: number, random: number): number {
  const ceiling = Math.min(capMs, firstMs * 2 ** Math.min(failures - 1, 20));
  return Math.round(ceiling * random);
}
