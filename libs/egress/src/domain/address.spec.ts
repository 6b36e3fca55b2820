// Every special range is refused from its first address to its last, and not one address further.
import * as fc from 'fast-check';
import { addressBytes, classifyAddress, inNetwork, networkOf, specialCidrs } from './address';

// Written once more with whole numbers, so that a slip in the byte arithmetic shows.
const toNumber = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
const toBytes = (value: bigint, length: number) =>
  Uint8Array.from(Buffer.from(value.toString(16).padStart(length * 2, '0'), 'hex'));

const ranges = specialCidrs.map((cidr) => {
  const { bytes, bits } = networkOf(cidr);
  const first = toNumber(bytes);
  return { cidr, length: bytes.length, first, last: first + (1n << BigInt(bytes.length * 8 - bits)) - 1n };
});
const isSpecial = (value: bigint, length: number) =>
  ranges.some((range) => range.length === length && value >= range.first && value <= range.last);
const isGlobalUnicast = (value: bigint, length: number) => length === 4 || value >> 125n === 1n;
const expectedPublic = (value: bigint, length: number) => !isSpecial(value, length) && isGlobalUnicast(value, length);

describe('the class of an address', () => {
  test.each(ranges)('$cidr is refused to its very edges', ({ first, last, length }) => {
    for (const edge of [first, last, first - 1n, last + 1n]) {
      if (edge < 0n || edge >= 1n << BigInt(length * 8)) continue;
      expect([edge, classifyAddress(toBytes(edge, length)) === 'public']).toEqual([edge, expectedPublic(edge, length)]);
    }
    expect(classifyAddress(toBytes(first, length))).not.toBe('public');
    expect(classifyAddress(toBytes(last, length))).not.toBe('public');
  });

  test('agrees with whole-number arithmetic for any IPv4 address', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, (1n << 32n) - 1n), (value) => {
        expect(classifyAddress(toBytes(value, 4)) === 'public').toBe(expectedPublic(value, 4));
      }),
      { numRuns: 5000 },
    );
  });

  test('agrees with whole-number arithmetic for any IPv6 address, those near a range above all', () => {
    const near = fc.tuple(fc.constantFrom(...ranges.filter((range) => range.length === 16)), fc.bigInt(-3n, 3n));
    const any = fc.oneof(
      fc.bigInt(0n, (1n << 128n) - 1n),
      near.map(([range, by]) => range.first + by),
      near.map(([range, by]) => range.last + by),
    );
    fc.assert(
      fc.property(any, (value) => {
        fc.pre(value >= 0n && value < 1n << 128n);
        expect(classifyAddress(toBytes(value, 16)) === 'public').toBe(expectedPublic(value, 16));
      }),
      { numRuns: 5000 },
    );
  });

  test.each([
    '172.15.255.255',
    '172.32.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '1.1.1.1',
    '223.255.255.255',
    '168.63.129.15',
    '2606:4700:4700::1111',
    '2a00:1450:4001::1',
  ])('%s is public', (text) => {
    expect(classifyAddress(addressBytes(text) ?? new Uint8Array())).toBe('public');
  });

  test.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['::', 'unspecified'],
    ['0.0.0.0', 'unspecified'],
    ['10.1.2.3', 'private'],
    ['169.254.169.254', 'link_local'],
    ['fd00:ec2::254', 'private'],
    ['100.100.100.200', 'shared'],
    ['192.0.0.192', 'reserved'],
    ['168.63.129.16', 'platform'],
    ['255.255.255.255', 'reserved'],
    ['224.0.0.1', 'multicast'],
    ['::127.0.0.1', 'translated'],
    ['::ffff:127.0.0.1', 'translated'],
    ['::ffff:7f00:1', 'translated'],
    ['::ffff:0:7f00:1', 'translated'],
    ['64:ff9b::7f00:1', 'translated'],
    ['64:ff9b:1::1', 'translated'],
    ['2002:7f00:1::', 'tunnelled'],
    ['2001:0:4136:e378::1', 'tunnelled'],
    ['fe80::1', 'link_local'],
    ['fec0::1', 'private'],
    ['ff02::1', 'multicast'],
    ['2001:db8::1', 'documentation'],
    ['4000::1', 'reserved'],
  ])('%s is %s', (text, kind) => {
    expect(classifyAddress(addressBytes(text) ?? new Uint8Array())).toBe(kind);
  });
});

describe('the bytes of an address', () => {
  test.each([
    'fe80::1%eth0',
    '127.1',
    '0x7f000001',
    '2130706433',
    '017700000001',
    '',
    'localhost',
    '1.2.3.4.5',
    '[::1]',
  ])('%s is no address: only the one plain spelling is', (text) => {
    expect(addressBytes(text)).toBeUndefined();
  });

  test('of another family are in no network', () => {
    expect(inNetwork(Uint8Array.of(127, 0, 0, 1), networkOf('::/0'))).toBe(false);
  });
});
