// A loopback HEC receiver over HTTPS as a process of its own, which counts and does nothing else, and the destinations that point at it.
import { randomUUID } from 'node:crypto';
import type { DestinationType } from '@auditlane/contracts';
import { KeyRing } from '@auditlane/secrets';
import { eventually } from '@auditlane/testing';
import { z } from 'zod';
import type { Stage } from './stage';

const readySchema = z.object({ ready: z.literal(true), url: z.string(), control: z.string(), caPem: z.string() });
const countsSchema = z.object({
  requests: z.number(),
  taken: z.number(),
  tenants: z.record(
    z.string(),
    z.object({ taken: z.number(), lastSeq: z.number(), missing: z.number(), repeats: z.number() }),
  ),
});
export type SinkCounts = z.infer<typeof countsSchema>;

export const sinkToken = 'bench-token';

export interface SplunkSink {
  readonly url: string;
  readonly caPem: string;
  counts(): Promise<SinkCounts>;
  /** Forgets what it was sent. */
  reset(): Promise<unknown>;
  stop(): Promise<unknown>;
}

export async function startSplunkSink(stage: Stage): Promise<SplunkSink> {
  const args = ['--face', 'hec', '--fast', '--token', sinkToken];
  const child = stage.run('sink', 'libs/testing/src/sink/sink.main.js', {}, args);
  const { url, control, caPem } = await eventually(() => {
    const line = child.log().split('\n', 1)[0] ?? '';
    return readySchema.parse(JSON.parse(line));
  });
  return {
    url,
    caPem,
    counts: async () => countsSchema.parse(await (await fetch(`${control}/__sink/counts`)).json()),
    reset: () => fetch(`${control}/__sink/tell`, { method: 'POST', body: JSON.stringify({ reset: true }) }),
    stop: () => child.stop(),
  };
}

/** What is wrong with what the sink was sent: every tenant's 1 … n must have come, each once and in order. */
export function faultsOf({ tenants }: SinkCounts, heads: ReadonlyMap<string, number>): readonly string[] {
  return [...heads].flatMap(([tenant, head]) => {
    const seen = tenants[tenant] ?? { taken: 0, lastSeq: 0, missing: 0, repeats: 0 };
    const { taken, lastSeq, missing, repeats } = seen;
    const whole = taken === head && lastSeq === head && missing === 0 && repeats === 0;
    return whole ? [] : [`${tenant}: ${taken} of ${head}, ${head - taken + repeats} missing, ${repeats} repeats`];
  });
}

/** One live destination for each tenant, from its first event, as the settings page would save them. */
export async function addDestinations(
  stage: Stage,
  tenants: readonly string[],
  { type = 'splunk', url, caPem }: { readonly type?: DestinationType; readonly url: string; readonly caPem: string },
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const keyRing = KeyRing.load(stage.keyRingFile);
  const client = await stage.pool.connect();
  try {
    await client.query('begin');
    const { rows } = await client.query<{ version: string }>('select settings.raise_version() as version');
    const version = Number(rows[0]?.version);
    for (const tenant of tenants) {
      const id = randomUUID();
      const token = keyRing.seal(sinkToken, { tenant, destination: id, field: 'token', version });
      await client.query(
        `insert into settings.destinations
           (id, tenant_id, type, name, url, options, ca_pem, token, token_last4, start_seq, start_version)
         values ($1, $2, $8, 'bench', $3, $4, $5, $6, 'oken', 1, $7)`,
        [id, tenant, url, JSON.stringify(options), caPem, JSON.stringify(token), version, type],
      );
    }
    await client.query('commit');
  } finally {
    client.release();
  }
}
