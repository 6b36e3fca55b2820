// Entity tags of settings: the version a row was last written in, and what If-Match says about it.

export function etagOf(version: number): string {
  return `"${version}"`;
}

export type IfMatch =
  { readonly kind: 'missing' } | { readonly kind: 'any' } | { readonly kind: 'tags'; readonly tags: readonly string[] };

/** Weak tags match nothing here (RFC 9110, 13.1.1), and neither does text that is no tag. */
export function parseIfMatch(header: string | undefined): IfMatch {
  if (header === undefined || header.trim() === '') return { kind: 'missing' };
  if (header.trim() === '*') return { kind: 'any' };
  return { kind: 'tags', tags: header.split(',').map((tag) => tag.trim()) };
}

export function matches(ifMatch: Exclude<IfMatch, { kind: 'missing' }>, version: number): boolean {
  return ifMatch.kind === 'any' || ifMatch.tags.includes(etagOf(version));
}
