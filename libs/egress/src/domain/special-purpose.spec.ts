// S4, S8 to S12 once more, from the registries themselves and not from our own table: a range that somebody takes out of it is missed here.
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { addressBytes, classifyAddress } from './address';

/** IANA IPv4 Special-Purpose Address Registry, and what is multicast or reserved besides. */
const ipv4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.0.0/29',
  '192.0.0.8/32',
  '192.0.0.9/32',
  '192.0.0.10/32',
  '192.0.0.170/32',
  '192.0.0.171/32',
  '192.0.2.0/24',
  '192.31.196.0/24',
  '192.52.193.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '192.175.48.0/24',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '255.255.255.255/32',
];

/** IANA IPv6 Special-Purpose Address Registry, multicast, the retired site-local range, and what carries an IPv4 address. */
const ipv6 = [
  '::1/128',
  '::/128',
  '::/96',
  '::ffff:0:0/96',
  '::ffff:0:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '100:0:0:1::/64',
  '2001::/23',
  '2001::/32',
  '2001:1::1/128',
  '2001:1::2/128',
  '2001:1::3/128',
  '2001:2::/48',
  '2001:3::/32',
  '2001:4:112::/48',
  '2001:10::/28',
  '2001:20::/28',
  '2001:30::/28',
  '2001:db8::/32',
  '2002::/16',
  '2620:4f:8000::/48',
  '3fff::/20',
  '5f00::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
];

interface Range {
  readonly cidr: string;
  readonly bytes: number;
  readonly first: bigint;
  readonly last: bigint;
}

function rangeOf(cidr: string): Range {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const octets = address.toByteArray();
  const first = BigInt(`0x${Buffer.from(octets).toString('hex')}`);
  return { cidr, bytes: octets.length, first, last: first + (1n << BigInt(octets.length * 8 - bits)) - 1n };
}

const ranges = [...ipv4, ...ipv6].map(rangeOf);
const toBytes = (value: bigint, length: number): Uint8Array =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));
const covered = (value: bigint, bytes: number): boolean =>
  ranges.some((range) => range.bytes === bytes && value >= range.first && value <= range.last);
const exists = (value: bigint, bytes: number): boolean => value >= 0n && value < 1n << BigInt(bytes * 8);
/** 2000::/3 is all that IANA has allotted of IPv6; 168.63.129.16 is a cloud's own metadata service. */
const isOrdinary = (value: bigint, bytes: number): boolean =>
  bytes === 16 ? value >> 125n === 1n : value !== rangeOf('168.63.129.16/32').first;

describe('S11, S12 every range of the registries', () => {
  test.each(ranges)(
    '$cidr is refused from its first address to its last, and the two beside it are not because of it',
    (range) => {
      const { first, last, bytes } = range;
      for (const edge of [first, last]) expect(classifyAddress(toBytes(edge, bytes))).not.toBe('public');
      for (const beside of [first - 1n, last + 1n].filter((value) => exists(value, bytes)))
        expect([beside, classifyAddress(toBytes(beside, bytes)) === 'public']).toEqual([
          beside,
          !covered(beside, bytes) && isOrdinary(beside, bytes),
        ]);
    },
  );

  test('is refused throughout, and one address beyond each edge is judged by itself', () => {
    const near = fc.constantFrom(...ranges).chain(({ bytes, first, last }) =>
      fc
        .oneof(fc.bigInt(first, last), fc.constantFrom(first - 1n, first, first + 1n, last - 1n, last, last + 1n))
        .filter((value) => exists(value, bytes))
        .map((value) => ({ value, bytes })),
    );
    fc.assert(
      fc.property(near, ({ value, bytes }) => {
        expect(classifyAddress(toBytes(value, bytes)) === 'public').toBe(
          !covered(value, bytes) && isOrdinary(value, bytes),
        );
      }),
      { numRuns: 20_000 },
    );
  });
});

/** Where a form of IPv6 carries the four bytes of an IPv4 address. */
const embeddings: readonly (readonly [name: string, prefix: string, at: number])[] = [
  ['compatible (::a.b.c.d)', '::', 12],
  ['mapped (::ffff:a.b.c.d)', '::ffff:0:0', 12],
  ['translated (::ffff:0:a.b.c.d)', '::ffff:0:0:0', 12],
  ['NAT64 (64:ff9b::a.b.c.d)', '64:ff9b::', 12],
  ['local NAT64 (64:ff9b:1::a.b.c.d)', '64:ff9b:1::', 12],
  ['6to4 (2002:aabb:ccdd::)', '2002::', 2],
  ['Teredo, its server', '2001::', 4],
  ['Teredo, its client', '2001::', 12],
];

test.each(embeddings)(
  'S12 no IPv4 address gets through as %s, whatever it is and however it is written',
  (_name, prefix, at) => {
    const octets = fc.tuple(...[0, 1, 2, 3].map(() => fc.integer({ min: 0, max: 255 })));
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom([127, 0, 0, 1], [10, 0, 0, 1], [169, 254, 169, 254]), octets), (inner) => {
        const address = ipaddr.IPv6.parse(prefix).toByteArray();
        address.splice(at, 4, ...inner);
        const parsed = new ipaddr.IPv6(address);
        for (const text of [parsed.toString(), parsed.toNormalizedString(), parsed.toRFC5952String()])
          expect(classifyAddress(addressBytes(text) ?? Uint8Array.of(1, 1, 1, 1))).not.toBe('public');
      }),
      { numRuns: 2_000 },
    );
  },
);
