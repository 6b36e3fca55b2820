// The rules that hold for the URL of every destination type, before a type adds its own.
import type { UrlCheck } from './types';

export const urlFault = (code: string, words: string): UrlCheck & { ok: false } => ({
  ok: false,
  field: 'url',
  code,
  words,
});

/** Whether an address may be connected to is not decided here but by the egress policy, at every connect. */
export function parseBaseUrl(text: string): { ok: true; url: URL } | (UrlCheck & { ok: false }) {
  if (text.length > 2048) return urlFault('url_too_long', 'The URL is longer than 2048 characters.');
  if (!URL.canParse(text)) return urlFault('url_invalid', 'This is not a URL; it begins with https://');
  const url = new URL(text);
  if (url.protocol !== 'https:') return urlFault('https_required', 'Events leave over HTTPS only.');
  if (url.username || url.password)
    return urlFault('url_has_credentials', 'The URL carries a user name or password: give the token in its own field.');
  if (url.href.includes('#')) return urlFault('url_has_fragment', 'A fragment (#…) is never sent to a server.');
  return { ok: true, url };
}

export const hasQuery = (url: URL): boolean => url.href.includes('?');

/** Origin and path without the slashes at its end, so that a path can be appended. */
export const trimmed = (url: URL): string => url.origin + url.pathname.replace(/\/+$/, '');
