// Starts a program so that it cannot outlive us, writes what it says to a file (a pipe would lose the last words of a killed one),
// and makes its end an awaitable fact.
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { holdProcess, releaseProcess } from './watchdog';

export interface ChildOptions {
  /** What messages call it. */
  readonly label: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly logFile: string;
  /** The signal after which it ends cleanly. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Child {
  readonly label: string;
  readonly pid: number;
  readonly exited: Promise<Exit>;
  readonly logFile: string;
  readonly isRunning: () => boolean;
  /** Everything it has written so far. */
  readonly log: () => string;
  /** The end of the log, for an error message. */
  readonly tail: (lines?: number) => string;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Asks it to end, and ends it by force after `graceMs`. */
  readonly stop: (graceMs?: number) => Promise<Exit>;
}

export class ChildFailed extends Error {
  override readonly name = 'ChildFailed';
}

export function startChild(options: ChildOptions): Child {
  const { label, logFile, stopSignal = 'SIGTERM' } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const out = openSync(logFile, 'a');
  const spawned = spawn(options.command, options.args, {
    env: options.env ?? process.env,
    // A session of its own: Ctrl-C in a terminal reaches only us, and we decide in which order things end.
    detached: true,
    stdio: ['ignore', out, out],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
  });
  const { pid } = spawned;
  if (pid !== undefined) holdProcess(pid, stopSignal.slice(3));
  closeSync(out);
  let running = pid !== undefined;
  const exited = new Promise<Exit>((resolve) => {
    spawned.once('error', (error) => {
      running = false;
      resolve({ code: 127, signal: null });
      if (pid === undefined) process.emitWarning(`${label} did not start: ${error.message}`);
    });
    spawned.once('exit', (code, signal) => {
      running = false;
      if (pid !== undefined) releaseProcess(pid);
      resolve({ code, signal });
    });
  });
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const kill = (signal: NodeJS.Signals): void => {
    if (running) spawned.kill(signal);
  };
  return {
    label,
    pid: pid ?? -1,
    exited,
    logFile,
    isRunning: () => running,
    log,
    tail: (lines = 30) => log().trimEnd().split('\n').slice(-lines).join('\n'),
    kill,
    stop: async (graceMs = 15_000) => {
      kill('SIGCONT');
      kill(stopSignal);
      const force = setTimeout(() => {
        kill('SIGKILL');
      }, graceMs);
      const exit = await exited;
      clearTimeout(force);
      return exit;
    },
  };
}

/** Runs a program to its end; a failure is an error that shows what it said. */
export async function runToEnd(options: ChildOptions): Promise<void> {
  const child = startChild(options);
  const exit = await child.exited;
  if (exit.code !== 0)
    throw new ChildFailed(
      `${options.label} ended with ${exit.signal ?? `code ${exit.code}`} (${child.logFile}):\n${child.tail()}`,
    );
}

/** Polls until `ready` says yes; a child that ends meanwhile is an error with its last words. */
export async function untilReady(child: Child, ready: () => Promise<boolean>, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (!child.isRunning()) {
      const exit = await child.exited;
      throw new ChildFailed(
        `${child.label} ended with ${exit.signal ?? `code ${exit.code}`} before it was ready:\n${child.tail()}`,
      );
    }
    if (await ready().catch(() => false)) return;
    if (performance.now() > deadline) {
      await child.stop(2_000);
      throw new ChildFailed(`${child.label} was not ready after ${timeoutMs} ms:\n${child.tail()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
