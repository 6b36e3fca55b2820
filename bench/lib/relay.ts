// Runs a bare loop and a service from topic to topic over the same input, in turns.
import type { Child } from '@auditlane/testing';
import { measure, type Measured } from './measure';
import type { Pair } from './report';
import type { Stage } from './stage';

export interface Runner {
  readonly start: () => Promise<Child> | Child;
  readonly output: string;
}

/** `oursFirst`: alternated by the caller, so that neither always meets a colder or a fuller machine. */
export async function inTurns(
  stage: Stage,
  runners: { readonly bare: Runner; readonly ours: Runner },
  expected: number,
  oursFirst: boolean,
): Promise<Pair> {
  const run = async ({ start, output }: Runner): Promise<Measured> => {
    const { child, measured } = await measure(start, () => stage.count(output), expected);
    await child.stop();
    return measured;
  };
  if (oursFirst) {
    const ours = await run(runners.ours);
    return { ours, bare: await run(runners.bare) };
  }
  const bare = await run(runners.bare);
  return { bare, ours: await run(runners.ours) };
}
