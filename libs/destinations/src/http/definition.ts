// Any HTTPS collector with a bearer token: one POST of JSON.
import { parseBaseUrl } from '../base-url';
import { defineDestination, headerTokenFault } from '../define-destination';
import { pieceBytes } from '../pieces';
import type { DeliverableEvent, DestinationLimits, OutboundRequest, UrlCheck } from '../types';
import { contentTypes, httpBodies, httpElement, separatorBytes } from './encode';
import { judgeHttp } from './judge';
import { httpProbe } from './probe';
import { httpSettings } from './settings';

const limits: DestinationLimits = { events: 200, bytes: 1_000_000, timeoutMs: 15_000 };
const maxAnswerBytes = 65_536;

/** Posted to as it is, with its query: collectors tell their inputs apart by it. */
function checkHttpUrl(text: string): UrlCheck {
  const parsed = parseBaseUrl(text);
  return parsed.ok ? { ok: true, url: parsed.url.href } : parsed;
}

export const http = defineDestination({
  type: 'http',
  settings: httpSettings,
  limits,
  checkUrl: checkHttpUrl,
  tokenFault: headerTokenFault,
  make({ url, settings, token, now }) {
    const headers: Readonly<Record<string, string>> = {
      ...Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value])),
      authorization: `Bearer ${token}`,
      'content-type': contentTypes[settings.format],
    };
    const base = { url, timeoutMs: limits.timeoutMs, maxAnswerBytes };
    const options: OutboundRequest = { ...base, method: 'OPTIONS', headers, body: Buffer.alloc(0), gzip: false };
    const encode = (events: readonly DeliverableEvent[]): OutboundRequest => ({
      ...base,
      method: 'POST',
      headers: settings.format === 'single' ? { ...headers, ...idempotencyKey(events[0]?.headers.id) } : headers,
      body: httpBodies[settings.format](events),
      gzip: settings.gzip,
    });
    return {
      limits: settings.format === 'single' ? { ...limits, events: 1 } : limits,
      size: (event) => httpElement(event).reduce((sum, piece) => sum + pieceBytes(piece), separatorBytes),
      encode,
      judge: (response, events) => events.map(() => judgeHttp(response, now())),
      probe: (event) => httpProbe(options, event && encode([event]), now),
    };
  },
});

/** Only a single event keeps its key over a crash: the boundaries of a batch do not survive one. Ids that no header can carry go percent-encoded. */
function idempotencyKey(id: string | undefined): Readonly<Record<string, string>> {
  return id === undefined ? {} : { 'idempotency-key': encodeURI(id.toWellFormed()) };
}
