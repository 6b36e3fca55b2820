// Fetches the jars that a pom of ours names, once per pom: into a folder of their own first, then renamed, so that a run which was
// killed leaves no half-filled cache and two runs at once do not disturb each other.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDirectory } from './checkout';
import { ChildFailed, runToEnd } from './child-process';
import { installLine, type Jdk } from './find-jdk.cjs';
import { MissingPart } from './java';

export const digest = (...parts: readonly (string | Buffer)[]): string => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
};

/** Puts what `fill` makes at `target`, all of it or nothing. */
export async function madeOnce(target: string, fill: (directory: string) => Promise<void>): Promise<void> {
  if (existsSync(target)) return;
  const partial = `${target}.partial-${process.pid}`;
  mkdirSync(partial, { recursive: true });
  try {
    await fill(partial);
    mkdirSync(dirname(target), { recursive: true });
    renameSync(partial, target);
  } catch (error) {
    // Renaming onto a filled folder fails: another run was first, and its folder is as good as ours.
    if (!existsSync(target)) throw error;
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

function findMaven(): string {
  const folders = (process.env['PATH'] ?? '').split(':').filter((folder) => folder !== '');
  const mvn = folders.map((folder) => join(folder, 'mvn')).find((path) => existsSync(path));
  if (mvn === undefined) throw new MissingPart(`Maven (mvn) is needed and not on the PATH: ${installLine()}`);
  return mvn;
}

const copyDependencies = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';

/** The folder with the jars of a pom. */
export async function mavenJars(name: string, pom: string, jdk: Jdk): Promise<string> {
  const target = cacheDirectory('jars', `${name}-${digest(readFileSync(pom))}`);
  await madeOnce(target, async (directory) => {
    const logFile = `${target}.log`;
    const once = async (): Promise<void> =>
      runToEnd({
        label: `Maven for ${name}`,
        command: findMaven(),
        args: ['-q', '-B', '-f', pom, copyDependencies, `-DoutputDirectory=${directory}`, '-DincludeScope=runtime'],
        env: { ...process.env, JAVA_HOME: jdk.home },
        logFile,
      });
    // A registry may drop a connection; what was fetched before is kept in the local repository, so the second try is short.
    await once().catch(once);
    if (readdirSync(directory).length === 0) throw new ChildFailed(`Maven fetched nothing for ${name}, see ${logFile}`);
  });
  return target;
}

/** The jars in one fixed order: a start-up cache is only valid for the class path it was made from. */
export function classPathOf(folder: string): readonly string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.jar'))
    .sort()
    .map((file) => join(folder, file));
}
