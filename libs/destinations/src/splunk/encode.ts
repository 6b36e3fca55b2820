// The HEC envelope, byte by byte. Splunk answers 200 and drops events where an envelope has a key it does not know, so these are all the
// keys there are: time, host, source, sourcetype, index, event, fields.
import { jsonText, type Piece } from '../pieces';
import type { DeliverableEvent } from '../types';
import type { SplunkSettings } from './settings';

export type Envelope = (event: DeliverableEvent) => readonly Piece[];

export function splunkEnvelope(settings: SplunkSettings): Envelope {
  const host = settings.host === undefined ? '' : `,"host":${jsonText(settings.host)}`;
  const index = settings.index === undefined ? '' : `,"index":${jsonText(settings.index)}`;
  const fixed = `${host},"source":${jsonText(settings.source)},"sourcetype":${jsonText(settings.sourcetype)}${index},"event":`;
  return ({ headers, seq, canonical }) => [
    `{"time":${(headers.occurredAt / 1000).toFixed(3)}${fixed}`,
    canonical,
    // Flat and all text: an indexed field is text in Splunk, and a number would be written its way. `seq` stays 1234567, never 1.234567e+06.
    `,"fields":{"tenant":${jsonText(headers.tenant)},"event_id":${jsonText(headers.id)},"seq":"${seq}"` +
      `,"action":${jsonText(headers.action)},"area":${jsonText(headers.area)},"category":${jsonText(headers.category)}}}\n`,
  ];
}
