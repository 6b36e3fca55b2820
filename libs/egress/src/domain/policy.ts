// Where requests may go: public addresses on a short list of ports, plus exactly what the operator lists, and nothing besides.
import { defaultDestinationPorts } from '@auditlane/contracts';
import { addressBytes, classifyAddress, inNetwork, networkOf, sameAddress, type Network } from './address';

export interface EgressPolicy {
  /** Ports open on every public address. */
  readonly ports: ReadonlySet<number>;
  /** `name:port` pairs: this name on this port may resolve to whatever the operator's DNS says. */
  readonly names: ReadonlySet<string>;
  /** Single endpoints. */
  readonly endpoints: readonly { readonly address: Uint8Array; readonly port: number }[];
  /** Networks, on `ports` only. */
  readonly networks: readonly Network[];
  /** Names of this installation itself: a destination that points back here would feed the log to itself. */
  readonly own: ReadonlySet<string>;
}

export interface PolicyOptions {
  readonly ports?: readonly number[];
  readonly ownNames?: readonly string[];
}

/** Reads the operator's list; throws one error that names every item which is none of the three forms. */
export function parseAllowList(items: readonly string[], options: PolicyOptions = {}): EgressPolicy {
  const names = new Set<string>();
  const endpoints: { address: Uint8Array; port: number }[] = [];
  const networks: Network[] = [];
  const wrong: string[] = [];
  for (const item of items.map((text) => text.trim()).filter((text) => text !== '')) {
    const read = parseItem(item);
    if (read === undefined) wrong.push(item);
    else if ('network' in read) networks.push(read.network);
    else if ('address' in read) endpoints.push(read);
    else names.add(`${read.name}:${read.port}`);
  }
  if (wrong.length > 0)
    throw new Error(
      `egress allow list: ${wrong.map((item) => JSON.stringify(item)).join(', ')} is none of host:port, address:port and network/bits`,
    );
  return {
    ports: new Set(options.ports ?? defaultDestinationPorts),
    names,
    endpoints,
    networks,
    own: new Set((options.ownNames ?? []).map((name) => name.toLowerCase())),
  };
}

type Item = { network: Network } | { address: Uint8Array; port: number } | { name: string; port: number };

function parseItem(item: string): Item | undefined {
  if (item.includes('/')) {
    try {
      const network = networkOf(item);
      return network.bits === 0 ? undefined : { network };
    } catch {
      return undefined;
    }
  }
  const match = /^(\[[0-9a-fA-F:.]+\]|[^:[\]]+):(\d{1,5})$/.exec(item);
  const host = match?.[1];
  const port = Number(match?.[2]);
  if (!host || !(port >= 1 && port <= 65_535)) return undefined;
  const address = addressBytes(host.replace(/^\[|\]$/g, ''));
  if (address) return { address, port };
  const name = host.toLowerCase();
  // A name whose last label is a number is an address in disguise (127.1, 0x7f000001): URL parsing would never hand it on.
  if (!/^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return undefined;
  return /(^|\.)(\d+|0x[0-9a-f]*)$/.test(name) ? undefined : { name, port };
}

export function isNameAllowed(policy: EgressPolicy, host: string, port: number): boolean {
  return policy.names.has(`${host}:${port}`);
}

/** May this very address be connected to, for a URL that names `host`? Asked of every address a name resolves to, and of the socket. */
export function permitsAddress(policy: EgressPolicy, host: string, address: Uint8Array, port: number): boolean {
  if (policy.endpoints.some((endpoint) => endpoint.port === port && sameAddress(endpoint.address, address)))
    return true;
  if (isNameAllowed(policy, host, port)) return true;
  if (!policy.ports.has(port)) return false;
  return classifyAddress(address) === 'public' || policy.networks.some((network) => inNetwork(address, network));
}

/** Is the port open at all for this host, whatever its addresses turn out to be? */
export function permitsPort(policy: EgressPolicy, host: string, port: number): boolean {
  return (
    policy.ports.has(port) ||
    isNameAllowed(policy, host, port) ||
    policy.endpoints.some((endpoint) => endpoint.port === port)
  );
}
