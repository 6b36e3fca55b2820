// Whoever starts real parts may be killed at any moment, and still nothing of it stays on the machine.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkoutRoot, eventually, nodeBinary, startChild, temporaryDirectory } from '@auditlane/testing';

/** Process ids whose command line names this text. */
function processesNaming(text: string): string[] {
  const table = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' });
  return table.split('\n').filter((line) => line.includes(text) && !/^\s*\d+ ps /.test(line));
}

const built = (file: string): string =>
  JSON.stringify(join(checkoutRoot, 'dist', 'libs', 'testing', 'src', 'native', file));

/** A program that starts a real Kafka and a real PostgreSQL, says where their data is, and waits to be killed. */
const holder = `
  const { startKafka } = require(${built('kafka.js')});
  const { startPostgres } = require(${built('postgres.js')});
  const { temporaryDirectory } = require(${built('temporary-directory.js')});
  const { chmodSync } = require('node:fs');
  const directory = temporaryDirectory('holder').path;
  chmodSync(directory, 0o755);
  Promise.all([
    startKafka({ dataDirectory: directory + '/kafka' }),
    startPostgres({ dataDirectory: directory + '/postgres', logFile: directory + '/postgres.log', durable: false }),
  ]).then(([, postgres]) => console.log('holding ' + directory + ' port=' + postgres.port + ' '));
  setInterval(() => {}, 60_000);
`;

interface Holding {
  readonly pid: number;
  readonly directory: string;
  /** The command lines of its two servers: the broker names the directory, PostgreSQL its port. */
  readonly servers: () => string[];
}

async function holding(): Promise<Holding> {
  const process = spawn(nodeBinary(), ['-e', holder], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  process.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [, directory = '', port = ''] = await eventually(() => /holding (\S+) (\S+) /.exec(output) ?? undefined, {
    timeoutMs: 120_000,
  });
  const servers = (): string[] => [...processesNaming(directory), ...processesNaming(port)];
  return { pid: process.pid ?? -1, directory, servers };
}

describe('what was started', () => {
  it('ends with its parent when that is killed, servers, data and all, and no neighbour with it', async () => {
    const [doomed, neighbour] = await Promise.all([holding(), holding()]);
    expect(doomed.servers()).toHaveLength(2);

    process.kill(doomed.pid, 'SIGKILL');

    await eventually(() => doomed.servers().length === 0 && !existsSync(doomed.directory));
    expect(neighbour.servers()).toHaveLength(2);
    process.kill(neighbour.pid, 'SIGKILL');
    await eventually(() => neighbour.servers().length === 0 && !existsSync(neighbour.directory));
  }, 180_000);

  it('ends even where it is stopped and deaf to being asked', async () => {
    const mark = `mark-${process.pid}`;
    const parentOfDeaf = `
      const { startChild } = require(${built('child-process.js')});
      const { temporaryDirectory } = require(${built('temporary-directory.js')});
      const child = startChild({
        label: 'deaf', command: process.execPath, logFile: temporaryDirectory('deaf').path + '/log',
        args: ['-e', 'process.on("SIGTERM", () => {}); console.log("deaf"); setInterval(() => {}, 1000)', '${mark}'],
      });
      const poll = setInterval(() => {
        if (!child.log().includes('deaf')) return;
        clearInterval(poll);
        child.kill('SIGSTOP');
        console.log('stopped');
      }, 20);
      setInterval(() => {}, 60_000);
    `;
    const parent = spawn(nodeBinary(), ['-e', parentOfDeaf], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => parent.stdout.once('data', resolve));
    const children = (): string[] => processesNaming(mark).filter((line) => !line.includes('startChild'));
    expect(children()).toHaveLength(1);

    parent.kill('SIGKILL');

    await eventually(() => children().length === 0);
  });

  it('is not waited for longer than its grace, and its last words are kept', async () => {
    const directory = temporaryDirectory('child');
    const child = startChild({
      label: 'deaf',
      command: nodeBinary(),
      args: ['-e', 'process.on("SIGTERM", () => {}); console.log("last words"); setInterval(() => {}, 1000)'],
      logFile: join(directory.path, 'deaf.log'),
    });
    await eventually(() => child.log().includes('last words'));

    expect(await child.stop(200)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(child.tail()).toBe('last words');
    directory.remove();
  });
});
