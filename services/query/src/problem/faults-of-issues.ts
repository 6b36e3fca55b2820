// Turns a schema's issues into faults that name the parameter, unknown and repeated ones included.
import type { Fault } from './problem';

interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** A body with a thousand wrong entries is answered with the first of them. */
const mostFaults = 20;

export function faultsOfIssues(issues: readonly Issue[]): readonly Fault[] {
  return issues.flatMap(faultsOf).slice(0, mostFaults);
}

function faultsOf(issue: Issue): readonly Fault[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  const unknown = unrecognizedKeys(issue);
  if (unknown.length > 0)
    return unknown.map((key) => ({ path: [...path, shortened(key)].join('.'), message: 'is not known here' }));
  return [{ path: path.map(shortened).join('.'), message: issue.message }];
}

function unrecognizedKeys(issue: Issue): readonly string[] {
  if (!('code' in issue) || issue.code !== 'unrecognized_keys') return [];
  return 'keys' in issue && Array.isArray(issue.keys) ? issue.keys.map(String) : [];
}

function shortened(key: string): string {
  return key.length <= 64 ? key : `${key.slice(0, 63)}…`;
}
