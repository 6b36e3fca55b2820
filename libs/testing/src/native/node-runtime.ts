// How Node is started for a service, in `npm start` and benches as in the Dockerfile. What a service holds while it catches up is short-lived:
// without these, V8 lets its young generation grow to 100 MB, collects the old one only after several times what lives in it, and glibc keeps an
// arena for each thread. No service comes near 1 GiB; the smaller that limit, the earlier V8 collects.

export const nodeFlags: readonly string[] = [
  '--disable-warning=TimeoutNegativeWarning',
  '--max-semi-space-size=16',
  '--max-old-space-size=1024',
];
export const nodeEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };
