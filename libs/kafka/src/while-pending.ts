// Keeps the group informed while a handler works: only while its promise is really pending, and not for ever, so that a handler that is
// stuck loses its partition to a process that is not.
export async function whilePending<T>(
  work: Promise<T>,
  beat: () => void,
  limits: { readonly everyMs: number; readonly atMostMs: number },
): Promise<T> {
  const startedAt = performance.now();
  const timer = setInterval(() => {
    if (performance.now() - startedAt > limits.atMostMs) clearInterval(timer);
    else beat();
  }, limits.everyMs);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
