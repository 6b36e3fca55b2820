// Reads a destination's URL the strict way: what is written must be what is meant, so that no two parsers can see two hosts in it.
import { addressBytes } from './address';
import { isNameAllowed, permitsAddress, permitsPort, type EgressPolicy } from './policy';

export type UrlFault =
  | 'url_invalid'
  | 'url_too_long'
  | 'url_characters'
  | 'url_not_https'
  | 'url_userinfo'
  | 'url_fragment'
  | 'url_not_canonical'
  | 'host_invalid'
  | 'host_refused'
  | 'port_refused'
  | 'address_refused';

export type CheckedUrl =
  { readonly ok: true; readonly url: URL } | { readonly ok: false; readonly code: UrlFault; readonly words: string };

const maximumLength = 2048;
/** Names that never belong to a public receiver (RFC 6761, RFC 8375, ICANN's `internal`). */
const privateSuffixes = ['localhost', 'local', 'internal', 'intranet', 'home.arpa', 'invalid', 'onion', 'alt'];

export function checkUrl(input: string, policy: EgressPolicy): CheckedUrl {
  if (input.length > maximumLength) return fault('url_too_long', `The URL is longer than ${maximumLength} characters.`);
  // The URL parser strips TAB and line ends silently and turns backslashes into slashes; all of them are refused before it runs.
  if (!/^[\x21-\x7e]*$/.test(input) || /[\\"<>^`{|}]/.test(input))
    return fault(
      'url_characters',
      'The URL has characters that do not belong into one (write other scripts as punycode).',
    );
  if (!URL.canParse(input)) return fault('url_invalid', 'This is not a URL.');
  const url = new URL(input);
  if (url.protocol !== 'https:') return fault('url_not_https', 'Only https:// is possible.');
  if (url.username !== '' || url.password !== '' || /^https:\/*[^/?#]*@/i.test(input))
    return fault('url_userinfo', 'The URL must not carry a user name or password.');
  if (input.includes('#')) return fault('url_fragment', 'The URL must not have a part after #.');
  if (!isCanonical(input, url)) return fault('url_not_canonical', `Write the URL as ${url.href}`);
  return checkHost(url, policy);
}

/** Equal to its own serialisation, but for the slash of an empty path and the `:443` that vendors print in their own examples. */
function isCanonical(input: string, url: URL): boolean {
  const written = input.replace(/^(https:\/\/[^/?#]*[^:/?#]):443(?=[/?#]|$)/, '$1');
  return written === url.href || (url.pathname === '/' && url.search === '' && `${written}/` === url.href);
}

function checkHost(url: URL, policy: EgressPolicy): CheckedUrl {
  const host = bareHost(url);
  const port = portOf(url);
  if (!permitsPort(policy, host, port))
    return fault('port_refused', `Port ${port} is not open for destinations (open: ${[...policy.ports].join(', ')}).`);
  const address = addressBytes(host);
  if (address)
    return permitsAddress(policy, host, address, port)
      ? { ok: true, url }
      : fault('address_refused', 'The address is not a public one.');
  if (isNameAllowed(policy, host, port)) return { ok: true, url };
  if (host.length > 253 || !host.split('.').every((label) => /^[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?$/.test(label)))
    return fault('host_invalid', 'The host name is not a valid one.');
  if (policy.own.has(host)) return fault('host_refused', 'The host is this installation itself.');
  if (!host.includes('.') || privateSuffixes.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)))
    return fault('host_refused', 'The host name is not a public one.');
  return { ok: true, url };
}

/** The host without the brackets of an IPv6 literal. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

export function portOf(url: URL): number {
  return url.port === '' ? 443 : Number(url.port);
}

function fault(code: UrlFault, words: string): CheckedUrl {
  return { ok: false, code, words };
}
