// Runs a program of ours on the Node 24 that npm installed, whatever Node the system has.  with-node.mjs FILE [ARGUMENTS]
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const needed = 24;
const bin = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'node_modules', '.bin');
const [, , file, ...args] = process.argv;
process.env.PATH = [bin, process.env.PATH].join(delimiter);

if (Number(process.versions.node.split('.')[0]) >= needed) {
  // npm puts node_modules/.bin first, so this is the usual case: no second process, no signals to pass on.
  process.argv.splice(1, 2, resolve(file));
  await import(pathToFileURL(process.argv[1]).href);
} else if (existsSync(join(bin, 'node'))) {
  const child = spawn(join(bin, 'node'), [file, ...args], { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both of us: it is the program's to handle, and we end when it does.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  child.on('exit', (code, signal) => process.exit(signal === null ? code : 128 + constants.signals[signal]));
} else {
  const install = process.platform === 'darwin' ? 'brew install node@24' : 'https://nodejs.org';
  console.error(
    `Node ${needed} or newer is needed, this is ${process.versions.node}, and npm has none for this system: ${install}`,
  );
  process.exit(1);
}
