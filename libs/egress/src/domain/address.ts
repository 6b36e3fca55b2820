// Says what kind of place an IP address is, so that nothing a tenant types can reach into our own network. Compares bytes, never text.
import ipaddr from 'ipaddr.js';

export type AddressClass =
  | 'public'
  | 'unspecified'
  | 'loopback'
  | 'private'
  | 'link_local'
  | 'shared'
  | 'multicast'
  | 'reserved'
  | 'documentation'
  | 'benchmarking'
  | 'translated'
  | 'tunnelled'
  | 'platform';

export interface Network {
  readonly bytes: Uint8Array;
  readonly bits: number;
}

/**
 * Every range of the IANA special-purpose registries (also the few marked globally reachable: nobody's SIEM lives there), the
 * transition mechanisms that carry an IPv4 address inside an IPv6 one, and the one public-looking address that is a cloud's own
 * metadata service. The first match wins.
 */
const specialRanges: readonly (readonly [cidr: string, kind: AddressClass])[] = [
  ['0.0.0.0/8', 'unspecified'],
  ['10.0.0.0/8', 'private'],
  ['100.64.0.0/10', 'shared'],
  ['127.0.0.0/8', 'loopback'],
  ['168.63.129.16/32', 'platform'],
  ['169.254.0.0/16', 'link_local'],
  ['172.16.0.0/12', 'private'],
  ['192.0.0.0/24', 'reserved'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'reserved'],
  ['192.52.193.0/24', 'reserved'],
  ['192.88.99.0/24', 'tunnelled'],
  ['192.168.0.0/16', 'private'],
  ['192.175.48.0/24', 'reserved'],
  ['198.18.0.0/15', 'benchmarking'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'unspecified'],
  ['::1/128', 'loopback'],
  ['::/96', 'translated'],
  ['::ffff:0:0/96', 'translated'],
  ['::ffff:0:0:0/96', 'translated'],
  ['64:ff9b::/96', 'translated'],
  ['64:ff9b:1::/48', 'translated'],
  ['100::/64', 'reserved'],
  ['100:0:0:1::/64', 'reserved'],
  ['2001::/32', 'tunnelled'],
  ['2001::/23', 'reserved'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', 'tunnelled'],
  ['2620:4f:8000::/48', 'reserved'],
  ['3fff::/20', 'documentation'],
  ['5f00::/16', 'reserved'],
  ['fc00::/7', 'private'],
  ['fe80::/10', 'link_local'],
  ['fec0::/10', 'private'],
  ['ff00::/8', 'multicast'],
];

/** The ranges as text, for the tests that walk their boundaries. */
export const specialCidrs: readonly string[] = specialRanges.map(([cidr]) => cidr);

const special = specialRanges.map(([cidr, kind]) => ({ network: networkOf(cidr), kind }));
const globalUnicastV6 = networkOf('2000::/3');

/** The 4 or 16 bytes of an address; `undefined` for anything that is not one, and for addresses with a zone id. */
export function addressBytes(text: string): Uint8Array | undefined {
  if (text.includes('%')) return undefined;
  if (ipaddr.IPv4.isValidFourPartDecimal(text)) return Uint8Array.from(ipaddr.IPv4.parse(text).toByteArray());
  if (text.includes(':') && ipaddr.IPv6.isValid(text)) return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
  return undefined;
}

/** Parses `10.0.0.0/8`; throws where the text is no network, which is for the caller's own configuration only. */
export function networkOf(cidr: string): Network {
  const [base, length, ...rest] = cidr.split('/');
  const bytes = addressBytes(base ?? '');
  const bits = Number(length);
  if (!bytes || rest.length > 0 || !/^\d{1,3}$/.test(length ?? '') || bits > bytes.length * 8)
    throw new Error(`not a network: ${cidr}`);
  return { bytes, bits };
}

export function inNetwork(address: Uint8Array, network: Network): boolean {
  if (address.length !== network.bytes.length) return false;
  const whole = network.bits >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== network.bytes[i]) return false;
  const rest = network.bits & 7;
  if (rest === 0) return true;
  const mask = 0xff & (0xff << (8 - rest));
  return ((address[whole] ?? 0) & mask) === ((network.bytes[whole] ?? 0) & mask);
}

/** What is not in a special range is public; of IPv6 only 2000::/3 is, since the rest is not allotted to anyone. */
export function classifyAddress(address: Uint8Array): AddressClass {
  const hit = special.find(({ network }) => inNetwork(address, network));
  if (hit) return hit.kind;
  if (address.length === 4) return 'public';
  return inNetwork(address, globalUnicastV6) ? 'public' : 'reserved';
}

export function sameAddress(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
