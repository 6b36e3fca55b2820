// What an admin can say about an Elasticsearch destination besides its URL and token.
import { z } from 'zod';

export const elasticsearchAuths = ['apiKey', 'bearer', 'basic'] as const;

export const elasticsearchSettings = z
  .strictObject({
    target: z
      .string()
      .regex(
        /^[a-z0-9][a-z0-9._-]{0,254}$/,
        'must be the name of an index or data stream: a-z 0-9 . _ -, beginning with a letter or digit',
      )
      .default('logs-audit.events-default')
      .meta({ description: 'Index or data stream to write to' }),
    auth: z.enum(elasticsearchAuths).default('apiKey').meta({
      description:
        'What the token is. `apiKey`: an API key, encoded or as `id:key`. `bearer`: an access or service token. `basic`: `user:password`.',
    }),
    event: z
      .enum(['text', 'object'])
      .default('text')
      .meta({
        description:
          'Where the stored event goes. `text`: as one string into `event.original`; fits every mapping and keeps every byte. ' +
          '`object`: as an object under `audit`, its parameters searchable; needs an index template that maps `audit.parameters` as `flattened`.',
      }),
  })
  .meta({ description: 'Elasticsearch bulk API' });

export type ElasticsearchSettings = z.infer<typeof elasticsearchSettings>;
