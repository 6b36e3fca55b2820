// The last look at a socket before anything is written to it: only the very address that was judged will do.
import { isConnectedTo } from './connect';
import { parseAllowList } from './domain/policy';

const policy = parseAllowList(['127.0.0.1:3200']);
const looks = (remoteAddress: string | undefined, remotePort: number | undefined, wanted: string, port: number) =>
  isConnectedTo({ remoteAddress, remotePort }, 'a.example.com', wanted, port, policy);

test('the judged address and port are fine', () => {
  expect(looks('1.1.1.1', 443, '1.1.1.1', 443)).toBe(true);
  expect(looks('2606:4700:4700::1111', 443, '2606:4700:4700:0:0:0:0:1111', 443)).toBe(true);
  expect(looks('127.0.0.1', 3200, '127.0.0.1', 3200)).toBe(true);
});

test.each([
  ['another public address', '1.1.1.2', 443, '1.1.1.1', 443],
  ['an inner address', '10.0.0.1', 443, '1.1.1.1', 443],
  ['the same address, mapped', '::ffff:1.1.1.1', 443, '1.1.1.1', 443],
  ['another port', '1.1.1.1', 8088, '1.1.1.1', 443],
  ['no address (the socket is gone)', undefined, undefined, '1.1.1.1', 443],
  ['an address that is refused, although it was asked for', '127.0.0.1', 443, '127.0.0.1', 443],
  ['a zone id', 'fe80::1%eth0', 443, 'fe80::1', 443],
])('%s is not', (_name, remoteAddress, remotePort, wanted, port) => {
  expect(looks(remoteAddress, remotePort, wanted, port)).toBe(false);
});
