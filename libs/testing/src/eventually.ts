// Waits for a condition, never for a time: what a test says about a system that works in its own time.

export interface EventuallyOptions {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
}

/**
 * Repeats `check` until it neither throws nor answers `false` or `undefined`, and hands back its answer. In a check, `expect(…)` is
 * the best condition: its message is shown when time is up.
 */
export async function eventually<T>(
  check: () => Promise<T | false | undefined> | T | false | undefined,
  { timeoutMs = 20_000, everyMs = 50 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    let failure: unknown;
    try {
      const value = await check();
      if (value !== undefined && value !== false) return value;
      failure = new Error(`the condition still answered ${String(value)}`);
    } catch (error) {
      failure = error;
    }
    if (performance.now() >= deadline) {
      if (failure instanceof Error) failure.message = `not within ${timeoutMs} ms: ${failure.message}`;
      throw failure;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** Holds if `check` keeps passing for the whole time: for what must not happen. */
export async function throughout(
  check: () => Promise<void> | void,
  { forMs, everyMs = 100 }: { readonly forMs: number; readonly everyMs?: number },
): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    await check();
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
