// Elasticsearch: one POST to the bulk API of an index or data stream.
import { defineDestination } from '../define-destination';
import { joinPieces } from '../pieces';
import type { DestinationLimits, OutboundRequest } from '../types';
import { authorizationHeader, elasticsearchTokenFault } from './authorization';
import { authenticateUrl, bulkUrl, checkElasticsearchUrl, privilegesUrl } from './base-url';
import { bulkLineBytes, bulkLines } from './encode';
import { judgeElasticsearch } from './judge';
import { askedPrivileges, elasticsearchProbe } from './probe';
import { elasticsearchSettings } from './settings';

const limits: DestinationLimits = { events: 1_000, bytes: 5_000_000, timeoutMs: 60_000 };
/** 1,000 refusals of a kilobyte each; a bulk whose answer is longer is halved. */
const maxAnswerBytes = 1_048_576;

export const elasticsearch = defineDestination({
  type: 'elasticsearch',
  settings: elasticsearchSettings,
  limits,
  checkUrl: checkElasticsearchUrl,
  tokenFault: (token, settings) => elasticsearchTokenFault(token, settings),
  make({ url, settings, token, now }) {
    const authorization = authorizationHeader(settings.auth, token);
    const post = (to: string, contentType: string, body: Buffer, gzip: boolean): OutboundRequest => ({
      method: 'POST',
      url: to,
      headers: { authorization, 'content-type': contentType, accept: 'application/json' },
      body,
      gzip,
      timeoutMs: limits.timeoutMs,
      maxAnswerBytes,
    });
    const privileges = post(privilegesUrl(url), 'application/json', askedPrivileges(settings.target), false);
    const authenticate: OutboundRequest = {
      ...privileges,
      method: 'GET',
      url: authenticateUrl(url),
      headers: { authorization, accept: 'application/json' },
      body: Buffer.alloc(0),
    };
    return {
      limits,
      size: (event) => bulkLineBytes(settings.event, event),
      encode(events) {
        const body = joinPieces(events.flatMap((event) => bulkLines(settings.event, event)));
        return post(bulkUrl(url, settings.target), 'application/x-ndjson', body, true);
      },
      judge: (response, events) => judgeElasticsearch(response, events.length, now()),
      probe: () => elasticsearchProbe(authenticate, privileges, settings.target, now),
    };
  },
});
