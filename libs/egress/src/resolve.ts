// Looks names up. c-ares instead of getaddrinfo: that one holds a thread until it is done, so a handful of dead name servers would
// stop every other destination's look-ups (and the compression that shares the threads).
import { lookup, Resolver as DnsResolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';

export type Resolved =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'failed'; readonly code: string };

export interface Resolver {
  resolve(name: string, signal: AbortSignal): Promise<Resolved>;
}

export interface ResolverOptions {
  /** `address:port` of the name servers; default: the machine's own. */
  readonly servers?: readonly string[];
  readonly timeoutMs?: number;
  readonly tries?: number;
}

/** Names of the hosts file and names without a dot go the operating system's way, all others are asked of the name servers. */
export function dnsResolver(options: ResolverOptions = {}): Resolver {
  return {
    async resolve(name, signal) {
      if (!options.servers && (!name.includes('.') || (await inHostsFile(name)))) return systemLookup(name, signal);
      return ask(name, options, signal);
    },
  };
}

async function ask(name: string, options: ResolverOptions, signal: AbortSignal): Promise<Resolved> {
  // One channel a look-up: it reads the machine's current configuration, and giving up cancels nothing else.
  const resolver = new DnsResolver({ timeout: options.timeoutMs ?? 2_000, tries: options.tries ?? 2 });
  if (options.servers) resolver.setServers(options.servers);
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
    const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    if (addresses.length > 0) return { kind: 'addresses', addresses };
    const codes = answers.map((answer) => (answer.status === 'rejected' ? codeOf(answer.reason) : 'ENODATA'));
    return { kind: 'failed', code: codes.find((code) => code !== 'ENODATA') ?? 'ENODATA' };
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function systemLookup(name: string, signal: AbortSignal): Promise<Resolved> {
  const given = new Promise<Resolved>((resolve) => {
    signal.addEventListener('abort', () => resolve({ kind: 'failed', code: 'ETIMEOUT' }), { once: true });
  });
  const answer = lookup(name, { all: true, order: 'verbatim' }).then(
    (found): Resolved => ({ kind: 'addresses', addresses: found.map((entry) => entry.address) }),
    (error: unknown): Resolved => ({ kind: 'failed', code: codeOf(error) }),
  );
  return Promise.race([answer, given]);
}

async function inHostsFile(name: string): Promise<boolean> {
  try {
    const text = await readFile('/etc/hosts', 'utf8');
    return text.split('\n').some((line) => (line.split('#', 1)[0] ?? '').split(/\s+/).slice(1).includes(name));
  } catch {
    return false;
  }
}

/** The system's own name for an error; not by `instanceof`, since errors may come from another realm. */
export function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'UNKNOWN';
}
