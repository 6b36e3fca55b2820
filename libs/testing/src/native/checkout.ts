// Where the checkout and its cache of fetched parts are, whether this runs from source or from dist.
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

function findRoot(from: string): string {
  if (existsSync(join(from, 'package.json')) && existsSync(join(from, 'nest-cli.json'))) return from;
  const parent = dirname(from);
  if (parent === from) throw new Error(`${__dirname} is not inside an Auditlane checkout`);
  return findRoot(parent);
}

export const checkoutRoot = findRoot(__dirname);

/** Fetched and derived parts (jars, start-up caches); `AUDITLANE_CACHE` lets several checkouts share one. */
export function cacheDirectory(...segments: string[]): string {
  return join(process.env['AUDITLANE_CACHE'] ?? join(checkoutRoot, '.auditlane', 'cache'), ...segments);
}

/** The Node that everything of ours runs on: this one, where it is new enough, else the one npm installed. */
export function nodeBinary(): string {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= 24 ? process.execPath : join(checkoutRoot, 'node_modules', '.bin', 'node');
}
