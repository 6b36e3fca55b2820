// Installs the shipped index template with the real client, and asks the cluster what a new data stream would really get.
import { errors, type Client } from '@elastic/elasticsearch';
import { z } from 'zod';
import { templateParts, type TemplateChoice } from './template';

export interface Installed {
  readonly name: string;
  readonly version: string;
  readonly pattern: string;
  readonly retention: string;
}

/** Throws where the cluster refuses (`wordsOf` says why), and where another template wins. */
export async function installTemplate(client: Client, choice: TemplateChoice): Promise<Installed> {
  const { name, mappings, settings, template } = templateParts(choice);
  const [pattern = ''] = template.index_patterns;
  const { version } = await client.info();
  await client.cluster.putComponentTemplate({ name: `${name}@mappings`, ...mappings });
  await client.cluster.putComponentTemplate({ name: `${name}@settings`, ...settings });
  await client.indices.putIndexTemplate({ name, ...template });
  await verify(client, name, pattern.replaceAll('*', 'auditlane-check'));
  return { name, version: version.number, pattern, retention: settings.template.lifecycle.data_retention };
}

const simulated = z.object({
  template: z.object({
    mappings: z.object({
      properties: z.object({
        event: z.object({ properties: z.object({ original: z.object({ index: z.literal(false) }) }) }),
        audit: z.object({ properties: z.object({ parameters: z.object({ type: z.literal('flattened') }) }) }),
      }),
    }),
  }),
  overlapping: z.array(z.object({ name: z.string() })).optional(),
});

/** Writes nothing: the cluster only says which template would be taken. */
async function verify(client: Client, name: string, stream: string): Promise<void> {
  const answer = await client.indices.simulateIndexTemplate({ name: stream });
  if (simulated.safeParse(answer).success) return;
  throw new Error(
    `${name} is installed, but ${stream} would not get its mappings: another template matches it with a higher priority`,
  );
}

/** The cluster's own words where it has some, and nothing of the request, which carries the token. */
export function wordsOf(error: unknown): string {
  if (error instanceof errors.ResponseError)
    return `Elasticsearch answers ${error.statusCode ?? 0}: ${reasonOf(error.body)}`;
  if (error instanceof errors.ProductNotSupportedError)
    return 'what answers there is not Elasticsearch (no X-Elastic-Product header): check host, port and path';
  return error instanceof Error ? error.message : String(error);
}

const bodySchema = z.object({ error: z.object({ type: z.string().optional(), reason: z.string().optional() }) });

function reasonOf(body: unknown): string {
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) return 'no reason given';
  return [parsed.data.error.type, parsed.data.error.reason].filter(Boolean).join(': ');
}
