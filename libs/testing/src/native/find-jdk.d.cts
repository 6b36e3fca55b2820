// Types of find-jdk.cjs, which is plain JavaScript because it runs before anything is installed.
export interface Jdk {
  readonly home: string;
  readonly version: number;
}
export function newestJdk(env?: NodeJS.ProcessEnv): Jdk | undefined;
export function installLine(platform?: NodeJS.Platform): string;
export function missingJdk(needed: number, found: Jdk | undefined): string;
