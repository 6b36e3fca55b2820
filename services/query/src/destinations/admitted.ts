// Lets a test of a connection in, or refuses it with the time to wait.
import { problem, ProblemError } from '../problem/problem';
import type { TestLimit } from './test-limit';

/** What it returns ends the test's place; to be called whatever becomes of the test. */
export function admitted(limit: TestLimit, tenant: string): () => void {
  const admission = limit.take(tenant);
  if (admission.kind === 'granted') return admission.release;
  throw new ProblemError(problem('too-many-requests', `Try again in ${admission.seconds} seconds.`), {
    'retry-after': String(admission.seconds),
  });
}
