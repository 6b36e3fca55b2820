// What 20 receivers in trouble cost 180 healthy ones: the same run goes through windows with and without the trouble, in turns, so that a
// noisy machine disturbs both alike. And what a healthy destination costs the database, at two rates.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually } from '@auditlane/testing';
import { z } from 'zod';
import { appendTimes } from './lib/append-times';
import { benchId, tenantsOf } from './lib/events';
import { startReceivers, type Receivers } from './lib/receivers';
import { verdict } from './lib/report';
import { addDestinations } from './lib/splunk-sink';
import { openStage, topicOf, type RunningService, type Stage } from './lib/stage';
import { StoredLoad } from './lib/stored-load';
import { median, printTable, quantile, round } from './lib/table';
import { residentMb } from './lib/usage';
import { deliveryWrites, type DeliveryWrites } from './lib/delivery-writes';

const tenants = tenantsOf(200);
const troubledTenants = tenants.slice(0, 20);
const healthyTenants = tenants.slice(20);
const eventsPerSecond = 400;
const writeRates = [100, 800] as const;
const turns = 4;
const tickMs = 20;
const aims = { ratio: 1.1, extraMs: 25, rssRatio: 1.25 };

const prefix = 'isolation.';
const recoveryTimeoutMs = 180_000;

interface Window {
  readonly name: 'healthy' | 'troubled';
  readonly from: number;
  readonly to: number;
  readonly peakRssMb: number;
}

interface WriteWindow extends DeliveryWrites {
  readonly rate: number;
  readonly events: number;
}

interface Line {
  readonly stage: Stage;
  readonly load: StoredLoad;
  readonly receivers: Receivers;
  readonly forwarder: RunningService;
}

export async function isolation(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({ args: [...args], options: { seconds: { type: 'string', default: '15' } } });
  const seconds = z.coerce.number().min(1).max(600).parse(values.seconds);
  const stage = await openStage();
  try {
    const line = await openLine(stage);
    // Not measured: until everything is compiled, connected and known.
    await feed(line, eventsPerSecond, Math.max(5, seconds / 2));
    const windows: Window[] = [];
    for (let i = 0; i < turns; i++) {
      windows.push(await watch(line, 'healthy', seconds));
      await line.receivers.begin();
      windows.push(await watch(line, 'troubled', seconds));
      await line.receivers.end();
      await untilAllIsWell(line);
    }
    windows.push(await watch(line, 'healthy', seconds));
    const writes: WriteWindow[] = [];
    for (const rate of writeRates) writes.push(await countWrites(line, rate, seconds));
    await untilAllIsWell(line);
    return await report(line, windows, writes);
  } finally {
    await stage.close();
  }
}

async function openLine(stage: Stage): Promise<Line> {
  await stage.createTopics({ [topicOf(prefix, 'stored')]: 'stored' });
  const load = new StoredLoad(stage, prefix, tenants);
  const receivers = await startReceivers(stage);
  const { caPem, healthy, troubled } = receivers;
  await load.add(tenants.length);
  await addDestinations(stage, healthyTenants, { url: healthy, caPem }, {});
  for (const [i, url] of troubled.entries()) {
    const share = troubledTenants.filter((_, at) => at % troubled.length === i);
    await addDestinations(stage, share, { url, caPem }, {});
  }
  const forwarder = await stage.service('forwarder-splunk', {
    AUDITLANE_TOPIC_PREFIX: prefix,
    AUDITLANE_EGRESS_ALLOW: [healthy, ...troubled].map((url) => new URL(url).host).join(','),
    // More tries of those in trouble, and a shorter wait for their recovery, than the default of five minutes gives.
    AUDITLANE_DELIVERY_BACKOFF_CAP_MS: '5000',
  });
  const line = { stage, load, receivers, forwarder };
  await untilAllIsWell(line);
  return line;
}

/** Stores events at an even rate. */
async function feed({ load }: Line, rate: number, seconds: number, each: () => void = () => undefined): Promise<void> {
  const startedAt = performance.now();
  const total = Math.round(rate * seconds);
  for (let done = 0; done < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - startedAt) / 1000) * rate)) - done;
    if (due > 0) await load.add(due);
    done += Math.max(0, due);
    each();
    await pause(tickMs);
  }
}

async function watch(line: Line, name: Window['name'], seconds: number): Promise<Window> {
  const from = Date.now();
  let peakRssMb = 0;
  await feed(line, eventsPerSecond, seconds, () => {
    peakRssMb = Math.max(peakRssMb, residentMb(line.forwarder.pid));
  });
  return { name, from, to: Date.now(), peakRssMb };
}

/** What forwarders wrote in a window in which every destination is healthy. */
async function countWrites(line: Line, rate: number, seconds: number): Promise<WriteWindow> {
  const before = await deliveryWrites(line.stage.pool);
  const made = line.load.total;
  await feed(line, rate, seconds);
  const after = await deliveryWrites(line.stage.pool);
  return {
    rate,
    events: line.load.total - made,
    status: after.status - before.status,
    cursor: after.cursor - before.cursor,
    other: after.other - before.other,
  };
}

/** Everything that is stored has arrived, and no destination has a cursor. */
async function untilAllIsWell({ stage, load, receivers }: Line): Promise<void> {
  await eventually(
    async () => {
      const counts = await receivers.counts();
      const behind = [...load.heads].filter(([tenant, head]) => (counts[tenant]?.lastSeq ?? 0) < head);
      if (behind.length > 0) throw new Error(`${behind.length} tenants' events have not all arrived`);
      const { rows } = await stage.pool.query<{ count: number }>('select count(*)::int as count from delivery.cursor');
      if (rows[0]?.count !== 0) throw new Error(`${rows[0]?.count} destinations are not live`);
      return true;
    },
    { timeoutMs: recoveryTimeoutMs, everyMs: 100 },
  );
}

async function report(line: Line, windows: readonly Window[], writes: readonly WriteWindow[]): Promise<boolean> {
  const { stage, load, receivers } = line;
  const storedAt = await appendTimes(stage, topicOf(prefix, 'stored'));
  const arrivals = await receivers.arrivals();
  const lags = tenants.flatMap((tenant, at) =>
    at < troubledTenants.length
      ? []
      : [...(arrivals.get(tenant) ?? [])].map(([seq, came]) => {
          const stored = storedAt.get(benchId((seq - 1) * tenants.length + at)) ?? came;
          return { stored, lag: came - stored };
        }),
  );
  const measured = windows.map((window) => {
    const within = lags.filter(({ stored }) => stored >= window.from && stored < window.to).map(({ lag }) => lag);
    return { ...window, events: within.length, p50: quantile(within, 0.5), p99: quantile(within, 0.99) };
  });
  printTable(
    `isolation: lag from stored to received of ${healthyTenants.length} destinations, while ${troubledTenants.length} others are well or in trouble`,
    measured.map(({ name, events, p50, p99, peakRssMb }, i) => ({
      window: i + 1,
      'the others': name === 'healthy' ? 'well' : 'in trouble',
      events,
      'p50 ms': round(p50),
      'p99 ms': round(p99),
      'RSS MB': round(peakRssMb),
    })),
  );
  printTable(
    'isolation: rows that the forwarder wrote while all were healthy',
    writes.map(({ rate, events, status, cursor, other }) => ({ 'events/s': rate, events, status, cursor, other })),
  );

  // Each window of trouble beside the two around it: what disturbs the machine for longer disturbs all three.
  const compared = measured.flatMap(({ name, p99 }, i) => {
    const around = [measured[i - 1]?.p99 ?? 0, measured[i + 1]?.p99 ?? 0];
    const well = Math.max(1, ((around[0] ?? 0) + (around[1] ?? 0)) / 2);
    return name === 'troubled' ? [{ ratio: p99 / well, extra: p99 - well }] : [];
  });
  const ratio = median(compared.map((one) => one.ratio));
  const extra = median(compared.map((one) => one.extra));
  const isolated = ratio <= aims.ratio || extra <= aims.extraMs;

  const rssOf = (some: readonly Window[]): number => Math.max(...some.map(({ peakRssMb }) => peakRssMb));
  const rssRatio = rssOf(windows.slice(-2)) / rssOf(windows.slice(0, 2));
  const [slow, fast] = writes.map(({ status, cursor, other }) => status + cursor + other);
  // One more round of statuses may fall into one window than into the other.
  const constant = (fast ?? 0) <= (slow ?? 0) + tenants.length + 2;

  const counts = await receivers.counts();
  let lost = 0;
  let repeats = 0;
  for (const [tenant, head] of load.heads) {
    const seen = counts[tenant] ?? { taken: 0, missing: 0, repeats: 0 };
    lost += head - (seen.taken - seen.repeats);
    repeats += seen.repeats;
  }
  const met = isolated && rssRatio <= aims.rssRatio && constant && lost === 0;
  return verdict(
    'isolation',
    met,
    `p99 of the healthy while others are in trouble: ratio ${round(ratio, 2)}, ${round(extra)} ms more (aim ${aims.ratio} or + ${aims.extraMs} ms); ` +
      `RSS of the last windows to the first ${round(rssRatio, 2)} (aim ${aims.rssRatio}); rows written ${slow} at ${writeRates[0]}/s, ${fast} at ${writeRates[1]}/s; ` +
      `lost ${lost}, repeats ${repeats}`,
  );
}
