// Closes a type's parts over its parsed settings, so that no caller ever holds settings of one type and functions of another.
import type { DestinationType } from '@auditlane/contracts';
import { z } from 'zod';
import type { ConfigFault, DestinationDefinition, DestinationLimits, UrlCheck } from './types';
import { withholdToken, type MadeDestination } from './withhold-token';

export interface Opened<S> {
  readonly id: string;
  readonly channel: string;
  /** In its normal form. */
  readonly url: string;
  readonly settings: S;
  readonly token: string;
  readonly now: () => number;
}

export interface DestinationParts<S extends Readonly<Record<string, unknown>>> {
  readonly type: DestinationType;
  readonly settings: z.ZodType<S>;
  readonly limits: DestinationLimits;
  checkUrl(url: string): UrlCheck;
  /** A sentence where the token cannot be right; `undefined` where it may be. Must not repeat the token. */
  tokenFault(token: string, settings: S): string | undefined;
  make(opened: Opened<S>): MadeDestination;
}

export function defineDestination<S extends Readonly<Record<string, unknown>>>(
  parts: DestinationParts<S>,
): DestinationDefinition {
  return {
    type: parts.type,
    settings: parts.settings,
    limits: parts.limits,
    checkUrl: (url) => parts.checkUrl(url),
    open({ id, channel = id, url, options, token, now = Date.now }) {
      const checked = parts.checkUrl(url);
      const parsed = parts.settings.safeParse(options);
      const faults: ConfigFault[] = [];
      if (!checked.ok) faults.push({ field: checked.field, code: checked.code, words: checked.words });
      if (!parsed.success) faults.push(...parsed.error.issues.map(optionFault));
      const words = parsed.success ? parts.tokenFault(token, parsed.data) : undefined;
      if (words !== undefined) faults.push({ field: 'token', code: 'token_invalid', words });
      if (!checked.ok || !parsed.success || words !== undefined) return { ok: false, faults };
      const made = parts.make({ id, channel, url: checked.url, settings: parsed.data, token, now });
      return { ok: true, destination: { type: parts.type, ...withholdToken(made, token) } };
    },
  };
}

function optionFault(issue: z.core.$ZodIssue): ConfigFault {
  return { field: ['options', ...issue.path].join('.'), code: 'option_invalid', words: issue.message };
}

/** Anything else would break out of the header that carries it, or was pasted together with its scheme's name. */
export function headerTokenFault(token: string): string | undefined {
  if (token === '') return 'A token is required.';
  if (token.length > 4096) return 'The token is longer than 4096 characters.';
  if (/\s/.test(token))
    return 'The token holds a blank: paste the bare token, without a scheme such as Bearer or Splunk.';
  return /^[\x21-\x7e]+$/.test(token) ? undefined : 'The token holds a character that no HTTP header can carry.';
}
