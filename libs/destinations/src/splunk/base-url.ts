// Splunk's address as people paste it, with or without the collector's path, becomes one base that paths are appended to.
import { hasQuery, parseBaseUrl, trimmed, urlFault } from '../base-url';
import type { UrlCheck } from '../types';

const collectorPath = /\/services\/collector(?:\/event)?(?:\/1\.0)?$/;

export function checkSplunkUrl(text: string): UrlCheck {
  const parsed = parseBaseUrl(text);
  if (!parsed.ok) return parsed;
  if (hasQuery(parsed.url)) return urlFault('url_has_query', 'The collector takes no query in its URL.');
  const url = trimmed(parsed.url).replace(collectorPath, '');
  if (/\/services\/collector\/raw(\/|$)/.test(url))
    return urlFault(
      'hec_raw_refused',
      'The raw endpoint takes no envelopes: enter the base URL, without /services/collector/raw.',
    );
  if (/\/services\/collector(\/|$)/.test(url))
    return urlFault('hec_path_unknown', 'Enter the base URL, e.g. https://splunk.example.com:8088');
  return { ok: true, url };
}

export const eventUrl = (base: string): string => `${base}/services/collector/event`;
export const ackUrl = (base: string): string => `${base}/services/collector/ack`;
export const healthUrl = (base: string): string => `${base}/services/collector/health`;
