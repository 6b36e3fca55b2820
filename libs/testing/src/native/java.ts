// How every JVM of ours is started: the newest JDK, a small heap, and a start-up cache that its first run on a machine leaves behind.
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { startChild, type Child } from './child-process';
import { missingJdk, newestJdk, type Jdk } from './find-jdk.cjs';

export class MissingPart extends Error {
  override readonly name = 'MissingPart';
}

export function requireJdk(needed: number): Jdk {
  const jdk = newestJdk();
  if (!jdk || jdk.version < needed) throw new MissingPart(missingJdk(needed, jdk));
  return jdk;
}

export interface JavaOptions {
  readonly label: string;
  readonly jdk: Jdk;
  readonly classPath: readonly string[];
  readonly heapMb: number;
  readonly flags?: readonly string[];
  readonly main: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly logFile: string;
  /** Where the ahead-of-time cache of exactly this class path is kept; JDK 25 and newer make and use it. */
  readonly aotCache: string;
}

export function startJava(options: JavaOptions): Child {
  const { jdk } = options;
  const cacheFile = `${options.aotCache}-jdk${jdk.version}.aot`;
  const usable = jdk.version >= 25;
  // A machine that is thrown away after one run would pay for the recording and never earn it back.
  const record = usable && !existsSync(cacheFile) && process.env['CI'] === undefined;
  const recording = `${cacheFile}.${process.pid}`;
  const aot = record ? [`-XX:AOTCacheOutput=${recording}`] : [`-XX:AOTCache=${cacheFile}`];
  const child = startChild({
    label: options.label,
    command: join(jdk.home, 'bin', 'java'),
    args: [
      `-Xmx${options.heapMb}m`,
      '-XX:+UseSerialGC',
      '-XX:-UsePerfData',
      ...(usable && (record || existsSync(cacheFile)) ? [...aot, '-Xlog:disable', '-Xlog:all=error:stderr'] : []),
      ...(options.flags ?? []),
      '-cp',
      options.classPath.join(':'),
      options.main,
      ...options.args,
    ],
    ...(options.env ? { env: options.env } : {}),
    logFile: options.logFile,
  });
  if (record) void keepRecording(child, recording, cacheFile);
  return child;
}

/** The JVM writes the cache when it ends by itself; it counts only once it is whole. */
async function keepRecording(child: Child, recording: string, cacheFile: string): Promise<void> {
  const exit = await child.exited;
  if (exit.signal === null && existsSync(recording)) renameSync(recording, cacheFile);
  rmSync(recording, { force: true });
  rmSync(`${recording}.config`, { force: true });
}
