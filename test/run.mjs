// What `npm test` runs: every check and every test that the CI runs, each timed. The last line counts checks and tests together.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const scratch = mkdtempSync(join(tmpdir(), 'auditlane-run-'));
const minute = 60_000;

/** Groups of their own, so that one signal ends a step with all its workers. */
const live = new Set();
const end = (child) => process.kill(-child.pid, 'SIGKILL');

/** Resolves with whether the command ended well in time. */
function run(command, args, timeoutMs, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    });
    live.add(child);
    const late = setTimeout(() => {
      console.log(`not finished after ${timeoutMs / minute} minutes: ended`);
      end(child);
    }, timeoutMs);
    child.once('exit', (code) => {
      live.delete(child);
      clearTimeout(late);
      resolve(code === 0);
    });
  });
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.once(signal, () => {
    // Kafka, PostgreSQL and the services go with their parents: libs/testing/src/native/watchdog.sh.
    for (const child of live) end(child);
    rmSync(scratch, { recursive: true, force: true });
    process.exit(1);
  });

async function check(name) {
  const { npm_execpath: npm } = process.env;
  const args = ['run', '--silent', name];
  const ok = await (npm ? run(process.execPath, [npm, ...args], 10 * minute) : run('npm', args, 10 * minute));
  return ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

async function jest(project, timeoutMs, args = []) {
  const file = join(scratch, `${project}.json`);
  const flags = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=TimeoutNegativeWarning',
  ];
  const ok = await run(
    process.execPath,
    [
      ...flags,
      'node_modules/jest/bin/jest.js',
      '--selectProjects',
      project,
      '--maxWorkers=2',
      `--reporters=${root}/test/seconds-reporter.cjs`,
      ...args,
    ],
    timeoutMs,
    { AUDITLANE_TEST_TOTALS: file, AUDITLANE_TEST_BUILT: '1' },
  );
  const { passed, failed, skipped } = existsSync(file)
    ? JSON.parse(readFileSync(file, 'utf8'))
    : { passed: 0, failed: 0, skipped: 0 };
  if (skipped > 0) console.log(`${skipped} tests were skipped: none may be`);
  // jest can fail without a failed test: a set-up that threw, a file that does not compile, a run that was ended.
  return { passed, failed: failed + skipped + (ok || failed + skipped > 0 ? 0 : 1) };
}

const steps = {
  'format:check': () => check('format:check'),
  lint: () => check('lint'),
  law: () => check('law'),
  types: () => check('types'),
  build: () => check('build'),
  'unit tests': () => jest('unit', 5 * minute),
  'integration tests': () => jest('integration', 22 * minute),
};

const began = performance.now();
const rows = [];
for (const [name, step] of Object.entries(steps)) {
  console.log(`\n== ${name}`);
  const from = performance.now();
  const result = await step();
  rows.push({ name, seconds: (performance.now() - from) / 1000, ...result });
}
rmSync(scratch, { recursive: true, force: true });

console.log('\n seconds  passed  failed');
for (const { name, seconds, passed, failed } of rows)
  console.log(`${seconds.toFixed(1).padStart(8)}${String(passed).padStart(8)}${String(failed).padStart(8)}  ${name}`);
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(8)} s in all`);
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') > 0 || sum('passed') === 0 ? 1 : 0;
