// `npm run -s elasticsearch-template -- --url https://…`: puts the shipped index template into a tenant's or one's own cluster. Run by
// hand with a key that may manage templates; the key that destinations write with may not.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { loadConfig } from '@auditlane/config';
import { elasticsearchAuthorization, elasticsearchAuths } from '@auditlane/destinations';
import { egressFromSettings } from '@auditlane/egress';
import { elasticsearchClient } from '../../libs/egress/src/elasticsearch-connection';
import { installTemplate, wordsOf } from './install-template';
import { templateSettings } from './settings';

const usage = `npm run -s elasticsearch-template -- --url https://… [--name auditlane] [--data-stream PATTERN] [--retention 90d]
  [--auth ${elasticsearchAuths.join('|')}] [--ca FILE]
The token comes from AUDITLANE_ELASTICSEARCH_TOKEN, the file that AUDITLANE_ELASTICSEARCH_TOKEN_FILE names, or standard input.`;

const argumentsSchema = z.object({
  url: z.url({ protocol: /^https$/, error: '--url is missing, or is not an https:// address' }),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, '--name: a-z 0-9 _ - only')
    .optional(),
  'data-stream': z
    .string()
    .regex(/^[a-z0-9][a-z0-9._*-]{0,254}$/, '--data-stream: a name, or a pattern with *')
    .optional(),
  retention: z
    .string()
    .regex(/^[1-9]\d{0,4}d$/, '--retention: days, for example 90d')
    .optional(),
  auth: z.enum(elasticsearchAuths, `--auth: one of ${elasticsearchAuths.join(', ')}`).default('apiKey'),
  ca: z.string().optional(),
});

async function main(): Promise<string> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      name: { type: 'string' },
      'data-stream': { type: 'string' },
      retention: { type: 'string' },
      auth: { type: 'string' },
      ca: { type: 'string' },
    },
  });
  const parsed = argumentsSchema.safeParse(values);
  if (!parsed.success) throw new Error(`${parsed.error.issues.map(({ message }) => message).join('\n')}\n${usage}`);
  const { url, auth, ca, name, retention, 'data-stream': dataStream } = parsed.data;
  const config = loadConfig(templateSettings);
  const token = config.AUDITLANE_ELASTICSEARCH_TOKEN ?? readFileSync(0, 'utf8').trim();
  const authorization = elasticsearchAuthorization(auth, token);
  if (!authorization.ok) throw new Error(`${authorization.words}\n${usage}`);
  const egress = egressFromSettings(config);
  const target = {
    destinationId: 'elasticsearch-template',
    configVersion: 1,
    ...(ca === undefined ? {} : { caPem: readFileSync(ca, 'utf8') }),
  };
  const client = elasticsearchClient(egress, target, { url, authorization: authorization.header });
  try {
    const installed = await installTemplate(client, { name, dataStream, retention });
    return `installed and verified ${installed.name} for ${installed.pattern}, kept ${installed.retention}, in Elasticsearch ${installed.version}`;
  } finally {
    await egress.destroy();
  }
}

main().then(
  (line) => process.stdout.write(`${line}\n`),
  (error: unknown) => {
    process.stderr.write(`${wordsOf(error)}\n`);
    process.exitCode = 1;
  },
);
