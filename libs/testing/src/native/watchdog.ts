// Nothing we start outlives us: one small shell process ends our children when we were killed without warning.
// A shell and not Node: it must cost nothing, hold no libraries and not care what became of node_modules meanwhile.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

interface Watchdog {
  write(line: string): void;
  dismiss(): void;
}

let watchdog: Watchdog | undefined;
const held = new Set<string>();

function post(): Watchdog {
  const shell = spawn('/bin/sh', [join(__dirname, 'watchdog.sh')], {
    // In a session of its own, so that Ctrl-C in a terminal, which reaches the whole group, leaves it at its post.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  const { stdin } = shell;
  // The pipe must not keep our process alive. Its type says Writable; a child's stdin is a socket, which has unref.
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  const posted: Watchdog = {
    write: (line) => stdin.write(`${line}\n`),
    dismiss: () => stdin.end(),
  };
  stdin.on('error', () => {
    // Someone else killed it: the next thing to hold gets a new one.
    if (watchdog === posted) watchdog = undefined;
  });
  return posted;
}

function hold(key: string, line: string): void {
  held.add(key);
  // Written before anything else happens in this tick: a child is unknown for a few microseconds only.
  watchdog ??= post();
  watchdog.write(line);
}

function release(key: string, line: string): void {
  held.delete(key);
  watchdog?.write(line);
  if (held.size > 0) return;
  watchdog?.dismiss();
  watchdog = undefined;
}

/** A process group, and the signal (without SIG) after which it ends cleanly. */
export function holdProcess(pid: number, signal: string): void {
  hold(`process ${pid}`, `start ${pid} ${signal}`);
}

export function releaseProcess(pid: number): void {
  release(`process ${pid}`, `gone ${pid}`);
}

export function holdDirectory(path: string): void {
  hold(`directory ${path}`, `dir ${path}`);
}

export function releaseDirectory(path: string): void {
  release(`directory ${path}`, `kept ${path}`);
}
