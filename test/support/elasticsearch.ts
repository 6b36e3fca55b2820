// The real Elasticsearch as tenants have it: a key that may only write to the tenant's own data stream, and a look at what is stored there.
import { request } from 'node:https';
import { z } from 'zod';
import { sharedElasticsearch } from '@auditlane/testing';
import type { Address } from './receivers';

type Cluster = Awaited<ReturnType<typeof sharedElasticsearch>>;

const keySchema = z.object({ encoded: z.string() });
const documentSchema = z.object({
  '@timestamp': z.string(),
  event: z.object({ id: z.string(), action: z.string(), original: z.string() }),
  organization: z.object({ id: z.string() }),
  auditlane: z.object({ seq: z.number() }),
});
export type Document = z.infer<typeof documentSchema> & { readonly documentId: string };
const searchSchema = z.object({
  hits: z.object({ hits: z.array(z.object({ _id: z.string(), _source: documentSchema })) }),
});

/** What the tenant's admin types in: the cluster, the stream, and a key with the least that writing needs. */
export async function elasticsearchOf(tenant: string, stream: string): Promise<Address> {
  const cluster = await sharedElasticsearch();
  const key = await ask(cluster, 'POST', '/_security/api_key', {
    name: `audit of ${tenant}`,
    role_descriptors: { writer: { indices: [{ names: [stream], privileges: ['create_doc', 'auto_configure'] }] } },
  });
  const { encoded } = keySchema.parse(key);
  return {
    type: 'elasticsearch',
    url: cluster.url,
    token: encoded,
    caPem: cluster.caPem,
    options: { target: stream },
  };
}

/** Every document of the stream, by seq; none where it does not exist yet. */
export async function documentsIn(stream: string): Promise<readonly Document[]> {
  const cluster = await sharedElasticsearch();
  const maybe = '?ignore_unavailable=true';
  await ask(cluster, 'POST', `/${stream}/_refresh${maybe}`);
  const found = await ask(cluster, 'GET', `/${stream}/_search${maybe}&size=1000`);
  return searchSchema
    .parse(found)
    .hits.hits.map(({ _id: documentId, _source: source }) => ({ documentId, ...source }))
    .sort((a, b) => a.auditlane.seq - b.auditlane.seq);
}

/** As the superuser, for what a test sets up, breaks and looks at. */
export async function asAdmin(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> {
  return ask(await sharedElasticsearch(), method, path, body);
}

function ask({ url, caPem, username, password }: Cluster, method: string, path: string, body?: object) {
  return new Promise<unknown>((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    // Said by us: Node frames no body of a DELETE.
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const asked = request(
      `${url}${path}`,
      { method, ca: caPem, auth: `${username}:${password}`, headers },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.once('error', reject);
        answer.once('end', () => {
          const said = Buffer.concat(chunks).toString('utf8');
          if ((answer.statusCode ?? 500) < 300) resolve(JSON.parse(said));
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${said}`));
        });
      },
    );
    asked.once('error', reject);
    asked.end(text);
  });
}
