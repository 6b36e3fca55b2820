// How Node is started for a program of ours, in `npm start`, tests and benches as in the Dockerfile. What a service holds while it catches up is
// short-lived: without these flags, V8 lets its young generation grow to 100 MB, collects the old one only after several times what lives in it,
// and glibc keeps an arena for each thread. No service comes near 1 GiB; the smaller that limit, the earlier V8 collects.
import { join } from 'node:path';
import { checkoutRoot, nodeBinary } from './checkout';
import { startChild, type Child } from './child-process';

const nodeFlags: readonly string[] = [
  '--disable-warning=TimeoutNegativeWarning',
  '--max-semi-space-size=16',
  '--max-old-space-size=1024',
];

export interface ProgramOptions {
  readonly label: string;
  /** Its file under dist. */
  readonly program: string;
  readonly args?: readonly string[];
  /** Of Node, besides those that every program has. */
  readonly flags?: readonly string[];
  /** All of it: nothing is inherited that is not named here. */
  readonly environment: NodeJS.ProcessEnv;
  readonly logFile: string;
}

export function startProgram({ label, program, args = [], flags = [], environment, logFile }: ProgramOptions): Child {
  return startChild({
    label,
    command: nodeBinary(),
    args: [...nodeFlags, ...flags, join(checkoutRoot, 'dist', program), ...args],
    env: { MALLOC_ARENA_MAX: '2', ...environment },
    logFile,
  });
}

/** What this process was given, without what would steer a service of ours or its Node. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('AUDITLANE_') && name !== 'NODE_OPTIONS'),
  );
}
