// Takes the token out of the Authorization header, and out of nowhere else.

export type Bearer =
  { readonly kind: 'token'; readonly token: string } | { readonly kind: 'none' } | { readonly kind: 'malformed' };

/** Far above any sensible token, far below what a parser could be kept busy with. */
const longest = 8192;

/** `values` are all Authorization headers of the request: two of them are two opinions, and none is taken. */
export function bearerOf(values: readonly string[]): Bearer {
  const [value] = values;
  if (value === undefined) return { kind: 'none' };
  const match = values.length === 1 && value.length <= longest ? /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i.exec(value) : null;
  return match?.[1] === undefined ? { kind: 'malformed' } : { kind: 'token', token: match[1] };
}
