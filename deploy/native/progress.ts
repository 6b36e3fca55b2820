// Prints one line for each step of the start, with its seconds, so that nobody wonders whether anything happens.

/** Runs a step and prints how long it took; a failure is printed with its reason and thrown on. */
export async function step<T>(what: string, run: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  try {
    const result = await run();
    process.stdout.write(`  ✓ ${what} (${seconds()})\n`);
    return result;
  } catch (error) {
    process.stdout.write(`  ✗ ${what} (${seconds()})\n`);
    throw error;
  }
}

export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
