// How Node is started for a service, in `npm start` and benches as in the Dockerfile. What a service holds while it catches up is short-lived:
// without these, V8 lets its young generation grow to 100 MB and glibc keeps an arena for each thread, for no gain that can be measured.

export const nodeFlags: readonly string[] = ['--disable-warning=TimeoutNegativeWarning', '--max-semi-space-size=16'];
export const nodeEnvironment: Readonly<Record<string, string>> = { MALLOC_ARENA_MAX: '2' };
