// Nothing we start outlives us: one small shell process per Node process ends our children when we were killed without warning.
// A shell and not Node: it must cost nothing, hold no libraries and not care what became of node_modules meanwhile.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

type Line = `start ${number} ${string}` | `gone ${number}` | `dir ${string}` | `kept ${string}`;

let pipe: { write(line: string): unknown } | undefined;

function open(): { write(line: string): unknown } {
  const shell = spawn('/bin/sh', [join(__dirname, 'watchdog.sh')], {
    // In a session of its own, so that Ctrl-C in a terminal, which reaches the whole group, leaves it at its post.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  const { stdin } = shell;
  // The pipe must not keep our process alive. Its type says Writable; a child's stdin is a socket, which has unref.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  stdin.on('error', () => {
    // The watchdog was killed by someone else: the next line starts a new one.
    pipe = undefined;
  });
  return stdin;
}

/** Written before anything else happens in this tick, so that the time in which a child is unknown is a few microseconds. */
export function tellWatchdog(line: Line): void {
  pipe ??= open();
  pipe.write(`${line}\n`);
}
