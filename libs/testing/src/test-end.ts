// Whatever a test file starts is gone when the file ends, also when a test fails half-way.
type Disposal = () => Promise<unknown>;

const disposals: Disposal[] = [];

export function atTestEnd(dispose: Disposal): void {
  disposals.push(dispose);
}

async function disposeAll(): Promise<void> {
  // The opposite order: services before the database they use.
  const failures: unknown[] = [];
  for (const dispose of disposals.splice(0).toReversed())
    await dispose().catch((error: unknown) => {
      failures.push(error);
    });
  if (failures.length > 0) throw new AggregateError(failures, 'what the test file started could not be disposed');
}

// `npm start` uses the launchers of this library too; there nothing is called afterAll.
if (typeof afterAll === 'function') afterAll(disposeAll, 60_000);
