// The address of a cluster or of the proxy before it; the paths of the API are appended.
import { hasQuery, parseBaseUrl, trimmed, urlFault } from '../base-url';
import type { UrlCheck } from '../types';

export function checkElasticsearchUrl(text: string): UrlCheck {
  const parsed = parseBaseUrl(text);
  if (!parsed.ok) return parsed;
  if (hasQuery(parsed.url)) return urlFault('url_has_query', 'The URL of a cluster has no query.');
  return { ok: true, url: trimmed(parsed.url).replace(/\/_bulk$/, '') };
}

/**
 * Successes shrink from 250 bytes an item to 25, so that the answer to the largest bulk fits into a small buffer. The status stays in every item,
 * so that none is left out and the items stay in the order of the events.
 */
export const bulkUrl = (base: string, target: string): string =>
  `${base}/${target}/_bulk?filter_path=errors,error,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason`;
export const authenticateUrl = (base: string): string => `${base}/_security/_authenticate`;
export const privilegesUrl = (base: string): string => `${base}/_security/user/_has_privileges`;
export const rootUrl = (base: string): string => `${base}/`;
/** Only whether it is there: of the answer next to nothing is wanted. */
export const lookUpUrl = (base: string, target: string): string =>
  `${base}/${target}?filter_path=*.settings.index.uuid`;
