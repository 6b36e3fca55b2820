// Runs before `npm start` and `npm test`, on a bare clone with nothing but the system's Node: says what is missing before anything is
// downloaded, then installs what the lock file names and builds. Plain Node 20, no dependencies.
//   --for-tests   no build (the test run builds), and Docker may stand in for a missing JDK or Maven
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { installLine, missingJdk, newestJdk } = createRequire(import.meta.url)(
  '../../libs/testing/src/native/find-jdk.cjs',
);
const forTests = process.argv.includes('--for-tests');

const nodeNeeded = 20;
// Elasticsearch 9 is compiled for 21; Kafka alone would run on 17.
const jdkNeeded = 21;

function missingParts() {
  const missing = [];
  if (process.platform === 'win32') missing.push(`Windows is not supported: ${installLine('win32')}`);
  if (Number(process.versions.node.split('.')[0]) < nodeNeeded)
    missing.push(`Node ${nodeNeeded} or newer is needed, this is ${process.versions.node}: https://nodejs.org`);
  const jdk = newestJdk();
  const jvmParts = [];
  if (!jdk || jdk.version < jdkNeeded) jvmParts.push(missingJdk(jdkNeeded, jdk));
  if (!(process.env.PATH ?? '').split(delimiter).some((folder) => existsSync(join(folder, 'mvn'))))
    jvmParts.push(`Maven (mvn) is needed and not on the PATH: ${installLine()}`);
  const containers = forTests && jvmParts.length > 0 && dockerAnswers();
  if (containers) console.log(`${jvmParts.join('\n')}\nDocker answers: containers stand in.`);
  return containers ? missing : [...missing, ...jvmParts];
}

function dockerAnswers() {
  return spawnSync('docker', ['version'], { stdio: 'ignore', timeout: 10_000 }).status === 0;
}

function step(name, command, args) {
  const from = performance.now();
  const { status } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) {
    console.error(`${name} failed`);
    process.exit(1);
  }
  console.log(`${name}: ${((performance.now() - from) / 1000).toFixed(1)} s`);
}

function npm(name, args) {
  // The npm that runs us, where there is one: another on the PATH may be older.
  const { npm_execpath: path } = process.env;
  if (path) step(name, process.execPath, [path, ...args]);
  else step(name, 'npm', args);
}

/** npm writes its own record last; a minute's grace, because the lock file may be written in the same breath. */
function installed() {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  return statSync(record).mtimeMs + 60_000 > statSync(join(root, 'package-lock.json')).mtimeMs;
}

const missing = missingParts();
if (missing.length > 0) {
  console.error(missing.join('\n'));
  process.exit(1);
}
if (!installed()) {
  console.log('installing packages (the first time takes a minute or two)');
  npm('packages installed', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
}
if (!forTests) npm('built', ['run', '--silent', 'build']);
