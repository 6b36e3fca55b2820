// The list of ways to smuggle an inner address into a URL (S1 to S23): each is refused at Save, before anything is looked up.
import * as fc from 'fast-check';
import { classifyAddress, addressBytes } from './address';
import { parseAllowList } from './policy';
import { bareHost, checkUrl } from './url';

const policy = parseAllowList([], { ownNames: ['audit.acme.example'] });
const codeOf = (input: string) => {
  const checked = checkUrl(input, policy);
  return checked.ok ? 'ok' : checked.code;
};

describe('a URL that is fine', () => {
  test.each([
    'https://collector.example.com',
    'https://collector.example.com/',
    'https://collector.example.com/audit/v1?source=auditlane',
    'https://http-inputs-acme.splunkcloud.com:443/services/collector',
    'https://splunk.example.com:8088',
    'https://es.example.com:9243/prefix/',
    'https://1.1.1.1/in',
    'https://[2606:4700:4700::1111]:8088/',
    'https://xn--mnchen-3ya.example/',
    'https://172.15.255.255/',
    'https://172.32.0.0/',
    'https://100.63.255.255/',
    'https://100.128.0.0/',
  ])('%s is taken', (input) => {
    expect(codeOf(input)).toBe('ok');
  });
});

describe.each<[string, string[], string | RegExp]>([
  ['S1 plain http', ['http://collector.example.com/'], 'url_not_https'],
  [
    'S2 other schemes',
    ['ftp', 'gopher', 'ws', 'wss', 'unix', 'dict', 'ldap'].map((scheme) => `${scheme}://collector.example.com/`),
    'url_not_https',
  ],
  [
    'S2 schemes without a host',
    ['file:///etc/passwd', 'data:text/plain,x', 'javascript:alert(1)', 'about:blank'],
    'url_not_https',
  ],
  [
    'S3 user information',
    ['https://a:b@collector.example.com/', 'https://@collector.example.com/', 'https://a@127.0.0.1/'],
    'url_userinfo',
  ],
  ['S4 loopback and zero', ['https://127.0.0.1/', 'https://0.0.0.0/', 'https://127.255.255.254/'], 'address_refused'],
  [
    'S4, S5 other spellings of an address',
    [
      'https://127.1/',
      'https://0/',
      'https://2130706433/',
      'https://017700000001/',
      'https://0x7f000001/',
      'https://0x7f.1/',
      'https://0177.0.0.0x1/',
      'https://127.0.0.1./',
      'https://169.254.43518/',
    ],
    'url_not_canonical',
  ],
  [
    'S6 other scripts that become digits and dots',
    ['https://１２７.0.0.1/', 'https://①②⑦.0.0.1/', 'https://127。0。0。1/', 'https://ｌｏｃａｌｈｏｓｔ/'],
    'url_characters',
  ],
  ['S7 localhost', ['https://localhost/', 'https://a.localhost/', 'https://x.y.localhost/'], 'host_refused'],
  ['S7 localhost, disguised', ['https://LOCALHOST/', 'https://loc%61lhost/'], 'url_not_canonical'],
  ['S7 localhost with its dot', ['https://localhost./', 'https://collector.example.com./'], /host_(refused|invalid)/],
  [
    'S8 private networks',
    ['https://10.0.0.1/', 'https://172.16.0.0/', 'https://172.31.255.255/', 'https://192.168.1.1/'],
    'address_refused',
  ],
  [
    'S9 metadata services',
    [
      'https://169.254.169.254/latest/',
      'https://[fd00:ec2::254]/',
      'https://100.100.100.200/',
      'https://168.63.129.16/',
    ],
    'address_refused',
  ],
  ['S9 metadata names', ['https://metadata.google.internal/', 'https://metadata/'], 'host_refused'],
  ['S10 carrier-grade NAT', ['https://100.64.0.0/', 'https://100.127.255.255/'], 'address_refused'],
  [
    'S11 reserved IPv4',
    [
      '0.1.2.3',
      '192.0.0.8',
      '192.0.2.1',
      '198.18.0.1',
      '198.19.255.255',
      '198.51.100.7',
      '203.0.113.9',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ].map((address) => `https://${address}/`),
    'address_refused',
  ],
  [
    'S12 IPv6 that is inner, mapped, translated or tunnelled',
    [
      '::',
      '::1',
      '::7f00:1',
      '::ffff:7f00:1',
      '::ffff:0:7f00:1',
      '64:ff9b::7f00:1',
      '64:ff9b:1::1',
      '2002:7f00:1::',
      '2001:0:7f00::1',
      'fc00::1',
      'fe80::1',
      'fec0::1',
      'ff02::1',
      '2001:db8::1',
    ].map((address) => `https://[${address}]/`),
    'address_refused',
  ],
  [
    'S12 IPv6 in another spelling',
    ['https://[::ffff:127.0.0.1]/', 'https://[0:0:0:0:0:0:0:1]/', 'https://[::127.0.0.1]/', 'https://[FE80::1]/'],
    'url_not_canonical',
  ],
  ['S12 zone ids', ['https://[fe80::1%eth0]/', 'https://[fe80::1%25eth0]/'], /url_(invalid|characters)/],
  ['S19 our own public name', ['https://audit.acme.example/api/v1/events'], 'host_refused'],
  ['S19 names of the cluster', ['https://postgres/', 'https://kafka.local/', 'https://db.home.arpa/'], 'host_refused'],
  [
    'S20 ports that are not open',
    [22, 25, 80, 3000, 5432, 6443, 9092, 10250].map((port) => `https://collector.example.com:${port}/`),
    'port_refused',
  ],
  ['S20 port 0', ['https://collector.example.com:0/'], 'port_refused'],
  [
    'S20 ports that are none',
    ['https://collector.example.com:65536/', 'https://collector.example.com:x/'],
    'url_invalid',
  ],
  [
    'S20 an empty or padded port',
    ['https://collector.example.com:/', 'https://collector.example.com:0443/'],
    'url_not_canonical',
  ],
  [
    'S21 line ends, tabs, NUL and spaces',
    ['\r', '\n', '\t', '\0', ' ', '\u00a0', '\u200b'].flatMap((c) => [
      `https://collector.exa${c}mple.com/`,
      `https://collector.example.com/a${c}b`,
      `https://collector.example.com/${c}`,
      `${c}https://collector.example.com/`,
    ]),
    'url_characters',
  ],
  [
    'S22 missing and surplus slashes',
    [
      'https:collector.example.com',
      'https:/collector.example.com/',
      'https:///collector.example.com/',
      'https://collector.example.com//../x',
    ],
    'url_not_canonical',
  ],
  [
    'S22 backslashes',
    [
      'https:\\\\collector.example.com/',
      'https://127.0.0.1\\@collector.example.com/',
      'https://collector.example.com\\x',
    ],
    'url_characters',
  ],
  ['S22 no host at all', ['https://', 'https://?x', 'https:', '', 'collector.example.com'], 'url_invalid'],
  ['S23 too long', [`https://collector.example.com/${'a'.repeat(8192)}`], 'url_too_long'],
  ['S23 a label of 64', [`https://${'a'.repeat(64)}.example.com/`], 'host_invalid'],
  ['S23 a host of 254', [`https://${'abcdefghi.'.repeat(25)}abcd/`], 'host_invalid'],
  ['S23 an empty label', ['https://collector..example.com/'], 'host_invalid'],
  ['S23 a homograph that is not written as punycode', ['https://аpple.com/'], 'url_characters'],
  ['a fragment', ['https://collector.example.com/#x', 'https://collector.example.com/#'], 'url_fragment'],
  [
    'a path with dots',
    ['https://collector.example.com/a/../b', 'https://collector.example.com/%2e%2e/b'],
    'url_not_canonical',
  ],
])('%s', (_name, inputs, code) => {
  test.each(inputs)('%j is refused', (input) => {
    expect(codeOf(input)).toMatch(typeof code === 'string' ? new RegExp(`^${code}$`) : code);
  });
});

test('a host of 253 characters is taken', () => {
  const host = `${'abcdefghi.'.repeat(25)}abc`;
  expect(host).toHaveLength(253);
  expect(codeOf(`https://${host}/`)).toBe('ok');
});

test('S23 the words for other spellings show what the URL means', () => {
  expect(checkUrl('https://COLLECTOR.example.com/', policy)).toMatchObject({
    words: 'Write the URL as https://collector.example.com/',
  });
});

test('whatever is written, what is taken is https, has no user, and names a public address or a dotted name', () => {
  const part = fc.oneof(
    fc.constantFrom('https:', '//', '/', '\\', '@', ':', '#', '?', '%', '.', '[', ']', '443', '8088', 'localhost'),
    fc.constantFrom(
      '127.0.0.1',
      '0x7f',
      '2130706433',
      '::1',
      'example.com',
      'a',
      'xn--',
      '10.0.0.1',
      '%00',
      '\t',
      '１',
    ),
    fc.string({ maxLength: 4 }),
  );
  const inputs = fc.oneof(
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.array(part, { maxLength: 6 }).map((parts) => `https://${parts.join('')}`),
    fc.webUrl({ validSchemes: ['https'], withQueryParameters: true }),
    fc.ipV4().map((address) => `https://${address}/`),
    fc.ipV4Extended().map((address) => `https://${address}/`),
    fc.ipV6().map((address) => `https://[${address}]/`),
  );
  fc.assert(
    fc.property(inputs, (input) => {
      const checked = checkUrl(input, policy);
      if (!checked.ok) return;
      expect(checked.url.protocol).toBe('https:');
      expect(checked.url.username + checked.url.password).toBe('');
      const host = bareHost(checked.url);
      const address = addressBytes(host);
      expect(address ? classifyAddress(address) === 'public' : /[a-z_-]/.test(host) && host.includes('.')).toBe(true);
      // What was written is what is meant: every other parser sees the same host.
      expect(input.startsWith(`https://${checked.url.host}`)).toBe(true);
    }),
    { numRuns: 10_000 },
  );
});
