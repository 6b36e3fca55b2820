// Lets a test kill a process at a named step, so that "what if it dies right here" is an experiment and not an argument.

const [target, passage] = (process.env['CRASH_AT'] ?? '').split(':');
const wanted = Number(passage ?? '1');
let passed = 0;

/** Whether `CRASH_AT` is set where it must not be; `runService` refuses to start then. */
export function crashPointsArmedInProduction(nodeEnv: string): boolean {
  return Boolean(target) && nodeEnv === 'production';
}

/** SIGKILLs this process where `CRASH_AT` names this step (`name`, or `name:N` for its N-th passage). Costs one comparison otherwise. */
export function crashPoint(name: string): void {
  if (target !== name) return;
  passed += 1;
  if (passed === wanted) process.kill(process.pid, 'SIGKILL');
}
