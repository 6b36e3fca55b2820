// What becomes of a destination's token: it is written, never read back, and never follows the settings to another host.
import type { Fault } from '../../problem/problem';

export type TokenPlan =
  | { readonly kind: 'new'; readonly token: string }
  | { readonly kind: 'keep' }
  | { readonly kind: 'refused'; readonly fault: Fault };

/** `current` is the URL that the stored token was given for; `undefined` where none is stored. */
export function planToken(token: string | undefined, url: string, current: string | undefined): TokenPlan {
  if (token !== undefined)
    return looksMasked(token) ? refused('is the mask that the page shows, not a token') : { kind: 'new', token };
  if (current === undefined) return refused('is needed');
  if (hostOf(url) !== hostOf(current))
    return refused(
      'is needed again, because the URL names another host: a stored token is only ever sent where it was entered for',
    );
  return { kind: 'keep' };
}

/** Host and port; a URL that is none equals no other. */
function hostOf(url: string): string | symbol {
  return URL.canParse(url) ? `${new URL(url).protocol}//${new URL(url).host}` : Symbol('no host');
}

function looksMasked(token: string): boolean {
  return /[•…]/.test(token) || /^\*{3,}/.test(token);
}

function refused(message: string): TokenPlan {
  return { kind: 'refused', fault: { path: 'token', message } };
}

/** What the page shows of a token, to tell two apart. Short ones show nothing: four characters would be too much of them. */
export function lastFour(token: string): string {
  return token.length >= 12 ? token.slice(-4) : '';
}
