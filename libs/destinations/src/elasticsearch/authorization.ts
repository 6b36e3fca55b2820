// The Authorization header of each way to sign in to Elasticsearch, and what a token of each must look like.
import { headerTokenFault } from '../define-destination';
import type { ElasticsearchSettings } from './settings';

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64');

/** API keys are pasted in either form that Kibana shows: encoded already, or as id:key. */
const headers: Readonly<Record<ElasticsearchSettings['auth'], (token: string) => string>> = {
  apiKey: (token) => `ApiKey ${token.includes(':') ? base64(token) : token}`,
  bearer: (token) => `Bearer ${token}`,
  basic: (token) => `Basic ${base64(token)}`,
};

export const authorizationHeader = (auth: ElasticsearchSettings['auth'], token: string): string => headers[auth](token);

/** For the installer of the index template: the same tokens in the same forms as a destination takes them. */
export function elasticsearchAuthorization(
  auth: ElasticsearchSettings['auth'],
  token: string,
): { readonly ok: true; readonly header: string } | { readonly ok: false; readonly words: string } {
  const words = elasticsearchTokenFault(token, { auth });
  return words === undefined ? { ok: true, header: authorizationHeader(auth, token) } : { ok: false, words };
}

export function elasticsearchTokenFault(
  token: string,
  { auth }: Pick<ElasticsearchSettings, 'auth'>,
): string | undefined {
  if (auth !== 'basic') return headerTokenFault(token);
  if (token.length > 4096) return 'The token is longer than 4096 characters.';
  if (/\p{Cc}/u.test(token)) return 'The user name or password holds a control character.';
  return /^[^:]+:./.test(token) ? undefined : 'Enter user and password with a colon between them.';
}
