// The receivers' process as a bench sees it.
import { eventually } from '@auditlane/testing';
import { z } from 'zod';
import { sinkToken } from './splunk-sink';
import type { Stage } from './stage';

const readySchema = z.object({
  control: z.string(),
  caPem: z.string(),
  healthy: z.string(),
  troubled: z.array(z.string()).min(1),
});
const countsSchema = z.record(
  z.string(),
  z.object({ taken: z.number(), lastSeq: z.number(), missing: z.number(), repeats: z.number() }),
);
export type TenantCounts = z.infer<typeof countsSchema>;

export interface Receivers {
  readonly caPem: string;
  /** Where the one is that stays well, and where those are that do not. */
  readonly healthy: string;
  readonly troubled: readonly string[];
  /** Each troubled receiver misbehaves in its way from now on, until `end`. */
  begin(): Promise<void>;
  end(): Promise<void>;
  counts(): Promise<TenantCounts>;
  /** When each event came first, in milliseconds since the epoch, by tenant and seq. */
  arrivals(): Promise<ReadonlyMap<string, ReadonlyMap<number, number>>>;
}

export async function startReceivers(stage: Stage): Promise<Receivers> {
  const child = stage.run('receivers', 'bench/lib/receivers.main.js', { BENCH_SINK_TOKEN: sinkToken });
  const { control, ...ready } = await eventually(() =>
    readySchema.parse(JSON.parse(child.log().split('\n', 1)[0] ?? '')),
  );
  const get = async (path: string): Promise<unknown> => (await fetch(`${control}${path}`)).json();
  return {
    ...ready,
    begin: async () => void (await get('/begin')),
    end: async () => void (await get('/end')),
    counts: async () => countsSchema.parse(await get('/counts')),
    async arrivals() {
      const flat = z.record(z.string(), z.array(z.number())).parse(await get('/arrivals'));
      return new Map(Object.entries(flat).map(([tenant, numbers]) => [tenant, firstTimes(numbers)]));
    },
  };
}

function firstTimes(numbers: readonly number[]): ReadonlyMap<number, number> {
  const times = new Map<number, number>();
  for (let i = 0; i < numbers.length; i += 2) {
    const seq = numbers[i] ?? 0;
    if (!times.has(seq)) times.set(seq, numbers[i + 1] ?? 0);
  }
  return times;
}
