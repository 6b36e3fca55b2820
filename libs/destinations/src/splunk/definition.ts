// Splunk HTTP Event Collector: one POST of concatenated envelopes.
import { defineDestination, headerTokenFault } from '../define-destination';
import { joinPieces, pieceBytes } from '../pieces';
import type { DeliverableEvent, DestinationLimits, OutboundRequest } from '../types';
import { checkSplunkUrl, eventUrl, healthUrl } from './base-url';
import { splunkEnvelope } from './encode';
import { judgeSplunk } from './judge';
import { splunkProbe } from './probe';
import { splunkSettings } from './settings';

const limits: DestinationLimits = { events: 500, bytes: 1_000_000, timeoutMs: 30_000 };
const maxAnswerBytes = 65_536;
const nothing = Buffer.alloc(0);

export const splunk = defineDestination({
  type: 'splunk',
  settings: splunkSettings,
  limits,
  checkUrl: checkSplunkUrl,
  tokenFault: headerTokenFault,
  make({ id, url, settings, token, now }) {
    const envelope = splunkEnvelope(settings);
    const size = (event: DeliverableEvent): number =>
      envelope(event).reduce((sum, piece) => sum + pieceBytes(piece), 0);
    const post = (body: Buffer, gzip: boolean): OutboundRequest => ({
      method: 'POST',
      url: eventUrl(url),
      headers: {
        authorization: `Splunk ${token}`,
        'content-type': 'application/json',
        // Tokens that use acknowledgement demand a channel, all others ignore it. It must be a GUID, and the destination's id is one.
        'x-splunk-request-channel': id,
      },
      body,
      gzip,
      timeoutMs: limits.timeoutMs,
      maxAnswerBytes,
    });
    const health: OutboundRequest = { ...post(nothing, false), method: 'GET', url: healthUrl(url), headers: {} };
    return {
      limits,
      size,
      encode: (events) => post(joinPieces(events.flatMap(envelope)), settings.gzip),
      judge(response, events) {
        const bytes = (): number => events.reduce((sum, event) => sum + size(event), 0);
        return judgeSplunk(response, { count: events.length, bytes }, now());
      },
      probe: () => splunkProbe(health, post(nothing, false), now),
    };
  },
});
