// Elasticsearch: one POST to the bulk API of an index or data stream.
import { defineDestination } from '../define-destination';
import { joinPieces } from '../pieces';
import type { DeliverableEvent, DestinationLimits, InboundResponse, OutboundRequest, Verdict } from '../types';
import { authorizationHeader, elasticsearchTokenFault } from './authorization';
import { authenticateUrl, bulkUrl, checkElasticsearchUrl, lookUpUrl, privilegesUrl, rootUrl } from './base-url';
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
    const get = (from: string): OutboundRequest => ({
      ...privileges,
      method: 'GET',
      url: from,
      headers: { authorization, accept: 'application/json' },
      body: Buffer.alloc(0),
    });
    const encode = (events: readonly DeliverableEvent[]): OutboundRequest => {
      const body = joinPieces(events.flatMap((event) => bulkLines(settings.event, event)));
      return post(bulkUrl(url, settings.target), 'application/x-ndjson', body, true);
    };
    const judge = (response: InboundResponse, events: readonly DeliverableEvent[]): readonly Verdict[] =>
      judgeElasticsearch(response, events.length, now());
    return {
      limits,
      size: (event) => bulkLineBytes(settings.event, event),
      encode,
      judge,
      probe: (event) =>
        elasticsearchProbe({
          root: get(rootUrl(url)),
          authenticate: get(authenticateUrl(url)),
          privileges,
          lookUp: get(lookUpUrl(url, settings.target)),
          target: settings.target,
          event: event && { request: encode([event]), judge: (response) => judge(response, [event])[0] },
          now,
        }),
    };
  },
});
