// How long an event takes from a producer's send to the sink, and to the answer of a query, through the whole line of real services.
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, eventually, Sink, startOidcServer } from '@auditlane/testing';
import { z } from 'zod';
import { benchEvent, benchTenants } from './lib/events';
import { verdict } from './lib/report';
import { addDestinations, sinkToken } from './lib/splunk-sink';
import { openStage, topicOf, type Stage } from './lib/stage';
import { printTable, quantile, round } from './lib/table';

const rate = Number(process.env['BENCH_RATE'] ?? 500);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30);
/** Not measured: until every service has compiled what it needs. */
const warmUpSeconds = 10;
const aims = { p50: 50, p99: 250 };

const prefix = 'latency.';
/** The API is asked for these tenants' newest events all the time: a share of all events is enough for the quantiles. */
const watched = benchTenants.slice(0, 2);
const pageSchema = z.object({ items: z.array(z.object({ id: z.string() })) });

/** When each event was sent and seen, by its id, in milliseconds of this process's clock. */
interface Times {
  readonly sent: Map<string, number>;
  readonly inApi: Map<string, number>;
}

export async function latency(): Promise<boolean> {
  const stage = await openStage();
  const sink = await Sink.start({ face: 'hec', token: sinkToken });
  const oidc = await startOidcServer({ port: 0, dataDir: stage.file('oidc'), tenants: [...benchTenants] });
  const times: Times = { sent: new Map(), inApi: new Map() };
  const stop = new AbortController();
  try {
    const api = await startLine(stage, sink, oidc.issuer);
    const watchers = watched.map(async (tenant) => watch(api, await oidc.token(tenant, 'viewer'), times, stop.signal));
    await produce(stage, times);
    const total = times.sent.size;
    await eventually(() => sink.journal.taken >= total, { timeoutMs: 60_000 });
    const expected = [...times.sent.keys()].filter((_, i) => i % benchTenants.length < watched.length).length;
    await eventually(() => times.inApi.size >= expected, { timeoutMs: 60_000 });
    stop.abort();
    await Promise.all(watchers);
  } finally {
    stop.abort();
    await stage.close();
    await oidc.close();
    await sink.close();
  }
  return report(times, sink);
}

async function startLine(stage: Stage, sink: Sink, issuer: string): Promise<string> {
  await stage.createTopics({
    [topicOf(prefix, 'events')]: 'events',
    [topicOf(prefix, 'accepted')]: 'accepted',
    [topicOf(prefix, 'stored')]: 'stored',
    [topicOf(prefix, 'rejected')]: 'rejected',
  });
  await addDestinations(stage, benchTenants, sink, {});
  const httpPort = await freePort();
  const environment = { AUDITLANE_TOPIC_PREFIX: prefix, AUDITLANE_EGRESS_ALLOW: new URL(sink.url).host };
  await stage.service('ingestion', environment);
  await stage.service('persistence', environment);
  await stage.service('forwarder-splunk', environment);
  await stage.service('query', {
    ...environment,
    AUDITLANE_OIDC_ISSUER: issuer,
    AUDITLANE_HTTP_PORT: String(httpPort),
  });
  return `http://127.0.0.1:${httpPort}/api/v1/events?limit=50`;
}

/** One send an event, as services do, each at its time whether or not the ones before are acknowledged. */
async function produce(stage: Stage, { sent }: Times): Promise<void> {
  const producer = stage.kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const topic = topicOf(prefix, 'events');
  const total = rate * (warmUpSeconds + seconds);
  const startedAt = performance.now();
  const pending: Promise<unknown>[] = [];
  while (pending.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate));
    for (let i = pending.length; i < due; i++) {
      const now = Date.now();
      const { tenant, value, headers } = benchEvent(i, now, new Date(now));
      sent.set(headers.id, now);
      pending.push(producer.send({ topic, acks: -1, messages: [{ key: tenant, value }] }));
    }
    await pause(1);
  }
  await Promise.all(pending);
  await producer.disconnect();
}

/** Looks at a tenant's newest events again and again. What it sees counts from the moment the answer is there. */
async function watch(url: string, token: string, { inApi }: Times, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
    const { items } = pageSchema.parse(await answer.json());
    const at = Date.now();
    for (const { id } of items) if (!inApi.has(id)) inApi.set(id, at);
    await pause(5);
  }
}

function report({ sent, inApi }: Times, sink: Sink): boolean {
  const measured = [...sent].slice(rate * warmUpSeconds);
  const inSink = new Map(sink.requests.flatMap(({ at, taken }) => taken.map((event) => [event.id, at] as const)));
  const row = (what: string, seen: ReadonlyMap<string, number>) => {
    const delays = measured.flatMap(([id, at]) => {
      const seenAt = seen.get(id);
      return seenAt === undefined ? [] : [seenAt - at];
    });
    const [p50, p99, max] = [quantile(delays, 0.5), quantile(delays, 0.99), quantile(delays, 1)];
    return { what, events: delays.length, p50, p99, max };
  };
  const rows = [row('produce → sink', inSink), row('produce → API', inApi)];
  printTable(
    `latency: ${rate} events/s for ${seconds} s through ingestion, persistence, forwarder-splunk and query`,
    rows.map(({ what, events, p50, p99, max }) => ({
      latency: what,
      events,
      'p50 ms': round(p50),
      'p99 ms': round(p99),
      'max ms': round(max),
    })),
  );
  const met = sink.duplicates().length === 0 && rows.every(({ p50, p99 }) => p50 < aims.p50 && p99 < aims.p99);
  const words = rows.map(({ what, p50, p99 }) => `${what} p50 ${round(p50)} ms, p99 ${round(p99)} ms`).join('; ');
  return verdict('latency', met, `${words} (aim p50 < ${aims.p50} ms, p99 < ${aims.p99} ms)`);
}
