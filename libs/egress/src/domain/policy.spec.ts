// The operator's list opens exactly what it names.
import { addressBytes } from './address';
import { parseAllowList, permitsAddress } from './policy';
import { checkUrl } from './url';

const permits = (items: readonly string[], host: string, address: string, port: number, ports?: readonly number[]) =>
  permitsAddress(parseAllowList(items, ports ? { ports } : {}), host, addressBytes(address) ?? new Uint8Array(), port);

describe('an allowed endpoint', () => {
  const items = ['127.0.0.1:3200', '[::1]:3201'];
  test('is open, by its address and by names that lead to it', () => {
    expect(permits(items, '127.0.0.1', '127.0.0.1', 3200)).toBe(true);
    expect(permits(items, 'sink.example.com', '127.0.0.1', 3200)).toBe(true);
    expect(permits(items, '::1', '::1', 3201)).toBe(true);
  });
  test.each([
    ['another port', '127.0.0.1', 3201],
    ['an open port', '127.0.0.1', 443],
    ['the next address', '127.0.0.2', 3200],
    ['the same address, mapped', '::ffff:127.0.0.1', 3200],
    ['the other family', '::1', 3200],
    ['a public address on that port', '1.1.1.1', 3200],
  ])('opens nothing else: %s', (_name, address, port) => {
    expect(permits(items, address, address, port)).toBe(false);
  });
});

describe('an allowed name', () => {
  const items = ['splunk.corp:8089'];
  test('may lead to an inner address, on its port only', () => {
    expect(permits(items, 'splunk.corp', '10.0.0.5', 8089)).toBe(true);
    expect(permits(items, 'splunk.corp', '10.0.0.5', 443)).toBe(false);
  });
  test('opens no other name to the same address (GitLab 293733)', () => {
    expect(permits(items, 'evil.example.com', '10.0.0.5', 8089)).toBe(false);
    expect(permits(items, 'a.splunk.corp', '10.0.0.5', 8089)).toBe(false);
    expect(permits(items, '10.0.0.5', '10.0.0.5', 8089)).toBe(false);
  });
  test('may be one that is otherwise refused', () => {
    expect(checkUrl('https://localhost:3200/', parseAllowList(['localhost:3200'])).ok).toBe(true);
    expect(checkUrl('https://localhost:3201/', parseAllowList(['localhost:3200'])).ok).toBe(false);
  });
});

describe('an allowed network', () => {
  const items = ['10.1.0.0/16', 'fd00:1::/32'];
  test('is open from edge to edge, on the open ports only', () => {
    for (const address of ['10.1.0.0', '10.1.255.255', 'fd00:1::', 'fd00:1:ffff:ffff:ffff:ffff:ffff:ffff'])
      expect(permits(items, address, address, 8088)).toBe(true);
    for (const address of ['10.0.255.255', '10.2.0.0', 'fd00:2::', 'fd00:0:ffff::'])
      expect(permits(items, address, address, 8088)).toBe(false);
    for (const port of [5432, 9092, 22]) expect(permits(items, '10.1.0.1', '10.1.0.1', port)).toBe(false);
  });
});

test('the open ports can be set, and are open on public addresses', () => {
  expect(permits([], 'a.example.com', '1.1.1.1', 8088)).toBe(true);
  expect(permits([], 'a.example.com', '1.1.1.1', 8088, [443])).toBe(false);
  expect(permits([], 'a.example.com', '1.1.1.1', 9999, [9999])).toBe(true);
});

test.each([
  'localhost',
  '127.0.0.1',
  '127.1:80',
  '0x7f000001:80',
  '*.corp:443',
  'a:0',
  'a:65536',
  'https://a:443',
  '10.0.0.0/33',
  '0.0.0.0/0',
  '::/0',
  '::1:443',
  '[fe80::1%eth0]:443',
  'a b:443',
])('%s is none of the three forms and stops the start', (item) => {
  expect(() => parseAllowList(['ok.example:443', item])).toThrow(JSON.stringify(item));
});

test('blanks around items and empty items are no fault', () => {
  expect(permits([' 127.0.0.1:3200 ', ''], '127.0.0.1', '127.0.0.1', 3200)).toBe(true);
});
