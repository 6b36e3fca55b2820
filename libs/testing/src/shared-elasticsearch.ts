// The one Elasticsearch of a test run: started when the first test file asks for it, gone with the run.
import { get } from 'node:http';
import { z } from 'zod';
import { stack } from './stack';
import type { ElasticsearchAccess } from './native/elasticsearch';

export const elasticsearchAccessSchema = z.strictObject({
  url: z.string(),
  caPem: z.string(),
  username: z.string(),
  password: z.string(),
});

/** By node:http, because fetch gives up on an answer that takes five minutes, and a first start with its downloads may. */
async function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    // A kept connection may be closed by the other side in the moment in which it is used again.
    get(url, { agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(text));
      });
    }).once('error', reject);
  });
}

/** Give the hook or test that calls this first a time-out of minutes: the jars may have to be fetched. */
export async function sharedElasticsearch(): Promise<ElasticsearchAccess> {
  return elasticsearchAccessSchema.parse(JSON.parse(await ask(`${stack().runUrl}/elasticsearch`)));
}
