// What an admin can say about a Splunk destination besides its URL and token.
import { z } from 'zod';
import { lineOfText } from '../settings-text';

/** With `off` an answer of 200 (parsed and queued) counts as delivered, also for a token that hands out acknowledgement ids. */
const acknowledgements = ['auto', 'required', 'off'] as const;

export const splunkSettings = z
  .strictObject({
    index: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9_-]{0,79}$/,
        'must be an index name: a-z 0-9 _ -, at most 80, beginning with a letter or digit',
      )
      .optional()
      .meta({ description: "Index to write to; the token's default index where it is left out." }),
    sourcetype: lineOfText(128).default('auditlane:event').meta({ description: 'sourcetype of every event' }),
    source: lineOfText(128).default('auditlane').meta({ description: 'source of every event' }),
    host: lineOfText(255)
      .optional()
      .meta({ description: "host of every event; Splunk's own choice where it is left out." }),
    acknowledgement: z
      .enum(acknowledgements)
      .default('auto')
      .meta({
        description:
          'Indexer acknowledgement. `auto`: awaited where the token hands out acknowledgement ids. `required`: an answer without one stops delivery. ' +
          '`off`: delivered means that Splunk answered 200 with code 0, 24 or 25.',
      }),
    gzip: z.boolean().default(true).meta({
      description:
        'Compress request bodies, as every collector can read them. Off saves CPU where the network is free.',
    }),
  })
  .meta({ description: 'Splunk HTTP Event Collector' });

export type SplunkSettings = z.infer<typeof splunkSettings>;
