// How long an event takes from a producer's send to the sink, and to the answer of a query, through the whole line of real services.
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, eventually, Sink, startOidcServer } from '@auditlane/testing';
import { z } from 'zod';
import { appendTimes } from './lib/append-times';
import { benchEvent, benchTenants } from './lib/events';
import { verdict } from './lib/report';
import { addDestinations, sinkToken } from './lib/splunk-sink';
import { openStage, topicOf, type RunningService, type Stage } from './lib/stage';
import { printTable, quantile, round } from './lib/table';
import { usageOf, type Usage } from './lib/usage';

const rate = Number(process.env['BENCH_RATE'] ?? 500);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30);
/** Not measured: until every service has compiled what it needs. */
const warmUpSeconds = 10;
const lingerMs = 10;
const aims = { p50: 50, p99: 250 };

const prefix = 'latency.';
/** The API is asked for these tenants' newest events all the time: a share of all events is enough for the quantiles. */
const watched = benchTenants.slice(0, 2);
const pageSchema = z.object({ items: z.array(z.object({ id: z.string() })) });

/** When each event was seen at a place, by its id, in milliseconds since the epoch. */
type Times = ReadonlyMap<string, number>;
type Sent = ReadonlyMap<string, { readonly tenant: string; readonly at: number }>;

interface Measured {
  readonly sent: Sent;
  readonly places: Readonly<Record<string, Times>>;
  readonly usage: readonly { readonly name: string; readonly before: Usage; readonly after: Usage }[];
  readonly repeats: number;
}

export async function latency(): Promise<boolean> {
  return report(await run());
}

async function run(): Promise<Measured> {
  const stage = await openStage();
  const sink = await Sink.start({ face: 'hec', token: sinkToken });
  const oidc = await startOidcServer({ port: 0, dataDir: stage.file('oidc'), tenants: [] });
  const stop = new AbortController();
  try {
    const { services, eventsUrl } = await startLine(stage, sink, oidc.issuer);
    const inApi = new Map<string, number>();
    const watchers = watched.map(async (tenant) =>
      watch(eventsUrl, await oidc.token(tenant, 'viewer'), inApi, stop.signal),
    );
    const processes = [
      ...services,
      { label: 'Kafka', pid: stage.servers.brokerPid },
      { label: 'this bench', pid: process.pid },
    ];
    const before = processes.map(({ pid }) => usageOf(pid));
    const sent = await produce(stage);
    await eventually(
      () =>
        sink.journal.taken >= sent.size ||
        Promise.reject(new Error(`the sink has ${sink.journal.taken} of ${sent.size}`)),
      { timeoutMs: 60_000 },
    );
    const newest = new Map([...sent].map(([id, { tenant }]) => [tenant, id]));
    await eventually(() => watched.every((tenant) => inApi.has(newest.get(tenant) ?? '')), { timeoutMs: 60_000 });
    const usage = processes.map(({ label, pid }, i) => {
      const after = usageOf(pid);
      return { name: label, before: before[i] ?? after, after };
    });
    stop.abort();
    await Promise.all(watchers);
    const inSink = new Map(sink.requests.flatMap(({ at, taken }) => taken.map((event) => [event.id, at] as const)));
    const places = {
      'audit.events': await appendTimes(stage, topicOf(prefix, 'events')),
      accepted: await appendTimes(stage, topicOf(prefix, 'accepted')),
      stored: await appendTimes(stage, topicOf(prefix, 'stored')),
      sink: inSink,
      API: inApi,
    };
    return { sent, places, usage, repeats: sink.duplicates().length };
  } finally {
    stop.abort();
    await stage.close();
    await oidc.close();
    await sink.close();
  }
}

async function startLine(
  stage: Stage,
  sink: Sink,
  issuer: string,
): Promise<{ services: readonly RunningService[]; eventsUrl: string }> {
  await stage.createTopics({
    [topicOf(prefix, 'events')]: 'events',
    [topicOf(prefix, 'accepted')]: 'accepted',
    [topicOf(prefix, 'stored')]: 'stored',
    [topicOf(prefix, 'rejected')]: 'rejected',
  });
  await addDestinations(stage, benchTenants, sink, {});
  const httpPort = String(await freePort());
  const environment = {
    AUDITLANE_TOPIC_PREFIX: prefix,
    AUDITLANE_EGRESS_ALLOW: new URL(sink.url).host,
    AUDITLANE_OIDC_ISSUER: issuer,
    AUDITLANE_HTTP_PORT: httpPort,
  };
  const services: RunningService[] = [];
  for (const name of ['ingestion', 'persistence', 'forwarder-splunk', 'query'] as const)
    services.push(await stage.service(name, environment));
  return { services, eventsUrl: `http://127.0.0.1:${httpPort}/api/v1/events?limit=50` };
}

/** What came up in the last few milliseconds goes out in one send, as producers with a linger do, acknowledged or not what went before. */
async function produce(stage: Stage): Promise<Sent> {
  const sent = new Map<string, { tenant: string; at: number }>();
  const topic = topicOf(prefix, 'events');
  const total = rate * (warmUpSeconds + seconds);
  const startedAt = performance.now();
  const pending: Promise<unknown>[] = [];
  while (sent.size < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate));
    const now = Date.now();
    const events = Array.from({ length: due - sent.size }, (_, i) => benchEvent(sent.size + i, now, new Date(now)));
    for (const { tenant, headers } of events) sent.set(headers.id, { tenant, at: now });
    const messages = events.map(({ tenant, value }) => ({ key: tenant, value }));
    if (messages.length > 0) pending.push(stage.producer.send({ topic, acks: -1, messages }));
    await pause(lingerMs);
  }
  await Promise.all(pending);
  return sent;
}

/** Looks at a tenant's newest events again and again. What it sees counts from the moment the answer is there. */
async function watch(url: string, token: string, seen: Map<string, number>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const { items } = pageSchema.parse(await answer.json());
    const at = Date.now();
    for (const { id } of items) if (!seen.has(id)) seen.set(id, at);
    await pause(10);
  }
}

function report({ sent, places, usage, repeats }: Measured): boolean {
  const counted = [...sent].slice(rate * warmUpSeconds);
  const rows = Object.entries(places).map(([place, seen]) => {
    const looked = place === 'API' ? counted.filter(([, { tenant }]) => watched.includes(tenant)) : counted;
    // What a page of newest events never showed came later than a page's worth of others: as late as can be.
    const delays = looked.map(([id, { at }]) => (seen.get(id) ?? Infinity) - at);
    const [p50, p99, max] = [quantile(delays, 0.5), quantile(delays, 0.99), quantile(delays, 1)];
    return { place, events: delays.length, p50, p99, max };
  });
  printTable(
    `latency: ${rate} events/s for ${seconds} s through ingestion, persistence, forwarder-splunk and query`,
    rows.map(({ place, events, p50, p99, max }) => ({
      'produce →': place,
      events,
      'p50 ms': round(p50),
      'p99 ms': round(p99),
      'max ms': round(max),
    })),
  );
  printTable(
    'latency: what it took',
    usage.map(({ name, before, after }) => {
      const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
      return {
        process: name,
        'CPU-seconds': round(cpuSeconds, 1),
        'CPU %': round((cpuSeconds / (warmUpSeconds + seconds)) * 100),
        'peak RSS MB': round(after.peakRssMb),
      };
    }),
  );
  const ends = rows.filter(({ place }) => place === 'sink' || place === 'API');
  const met = repeats === 0 && ends.every(({ p50, p99 }) => p50 < aims.p50 && p99 < aims.p99);
  const words = ends
    .map(({ place, p50, p99 }) => `produce → ${place} p50 ${round(p50)} ms, p99 ${round(p99)} ms`)
    .join('; ');
  return verdict('latency', met, `${words} (aim p50 < ${aims.p50} ms, p99 < ${aims.p99} ms); ${repeats} repeats`);
}
