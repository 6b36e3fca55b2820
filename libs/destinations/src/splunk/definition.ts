// Splunk HTTP Event Collector: one POST of concatenated envelopes.
import { defineDestination, headerTokenFault } from '../define-destination';
import { joinPieces, pieceBytes } from '../pieces';
import type { DeliverableEvent, DestinationLimits, InboundResponse, OutboundRequest, Verdict } from '../types';
import { pollFor } from './acknowledgement';
import { ackUrl, checkSplunkUrl, eventUrl, healthUrl } from './base-url';
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
  make({ channel, url, settings, token, now }) {
    const envelope = splunkEnvelope(settings);
    const size = (event: DeliverableEvent): number =>
      envelope(event).reduce((sum, piece) => sum + pieceBytes(piece), 0);
    const post = (body: Buffer, gzip: boolean, to = eventUrl(url)): OutboundRequest => ({
      method: 'POST',
      url: to,
      headers: {
        authorization: `Splunk ${token}`,
        'content-type': 'application/json',
        // Tokens that use acknowledgement demand a channel, which must be a GUID; all others ignore it.
        'x-splunk-request-channel': channel,
      },
      body,
      gzip,
      timeoutMs: limits.timeoutMs,
      maxAnswerBytes,
    });
    const health: OutboundRequest = { ...post(nothing, false), method: 'GET', url: healthUrl(url), headers: {} };
    const encode = (events: readonly DeliverableEvent[]): OutboundRequest =>
      post(joinPieces(events.flatMap(envelope)), settings.gzip);
    const judge = (response: InboundResponse, events: readonly DeliverableEvent[]): readonly Verdict[] => {
      const bytes = (): number => events.reduce((sum, event) => sum + size(event), 0);
      return judgeSplunk(response, { count: events.length, bytes }, now(), settings.acknowledgement);
    };
    const acknowledgement =
      settings.acknowledgement === 'off'
        ? undefined
        : pollFor((body) => post(body, false, ackUrl(url)), settings.acknowledgement, now);
    return {
      limits,
      size,
      encode,
      judge,
      ...(acknowledgement && { acknowledgement }),
      probe: (event) =>
        splunkProbe({
          health,
          empty: post(nothing, false),
          acknowledgement,
          required: settings.acknowledgement === 'required',
          event: event && { request: encode([event]), judge: (response) => judge(response, [event])[0] },
          now,
        }),
    };
  },
});
