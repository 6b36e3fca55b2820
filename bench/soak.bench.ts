// The guarantees at their real durations: traffic through the whole line while processes, servers and receivers fail at random (from a seed),
// with the intervals that operators have; then an account of every event.
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { eventually, Sink } from '@auditlane/testing';
import { z } from 'zod';
import { verdict } from './lib/report';
import { addDestinations, sinkToken } from './lib/splunk-sink';
import { openStage, topicOf, type Stage } from './lib/stage';
import { printTable, round } from './lib/table';
import { account, pending, type Account, type ReceiptsOf } from './soak/accounting';
import { carryOut } from './soak/faults';
import { Receipts } from './soak/receipts';
import { line, planFaults, sinkTypes } from './soak/schedule';
import { Supervisor } from './soak/supervisor';
import { poisonEnding, produceTraffic, soakTenants, type Ledger } from './soak/traffic';

const prefix = 'soak.';
const eventsPerSecond = 120;
const sampleEveryMs = 2_000;
/** A destination may have been in back-off for five minutes when its receiver comes back, and an answer may have asked for more. */
const recoveryTimeoutMs = 900_000;
const rssAims = { ratio: 1.3, mb: 350 };

const faces = { splunk: 'hec', http: 'http' } as const;

interface Receiver extends ReceiptsOf {
  readonly sink: Sink;
}

export async function soak(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: { minutes: { type: 'string', default: '5' }, seed: { type: 'string' } },
  });
  const minutes = z.coerce.number().min(0.5).max(1_440).parse(values.minutes);
  const seed = z.coerce
    .number()
    .int()
    .min(0)
    .parse(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  say(
    `${minutes} minutes of faults from the seed ${seed}; again with: npm run bench -- soak --minutes ${minutes} --seed ${seed}`,
  );
  const stage = await openStage();
  const receivers: Receiver[] = [];
  try {
    await stage.createTopics({
      [topicOf(prefix, 'events')]: 'events',
      [topicOf(prefix, 'accepted')]: 'accepted',
      [topicOf(prefix, 'stored')]: 'stored',
      [topicOf(prefix, 'rejected')]: 'rejected',
    });
    receivers.push(...(await openReceivers(stage)));
    return await run(stage, receivers, seed, minutes * 60_000);
  } finally {
    for (const { sink } of receivers) await sink.close();
    await stage.close();
  }
}

async function run(stage: Stage, receivers: readonly Receiver[], seed: number, durationMs: number): Promise<boolean> {
  const supervisor = new Supervisor(stage, line, {
    AUDITLANE_TOPIC_PREFIX: prefix,
    AUDITLANE_EGRESS_ALLOW: receivers.map(({ sink }) => new URL(sink.url).host).join(','),
  });
  const sampling = setInterval(() => supervisor.sample(), sampleEveryMs);
  try {
    await eventually(() => supervisor.allRun(), { timeoutMs: 120_000 });
    const startedAt = performance.now();
    const sayWhen = (words: string): void => say(`${round((performance.now() - startedAt) / 1000)} s: ${words}`);
    const stop = new AbortController();
    const producing = produceTraffic([stage.servers.broker], prefix, eventsPerSecond, stop.signal);
    const plan = planFaults(seed, durationMs);
    await carryOut(plan, { servers: stage.servers, supervisor, receivers }, sayWhen);
    await pause(Math.max(0, startedAt + durationMs - performance.now()));
    const healedAt = performance.now();
    sayWhen('all is well again');
    stop.abort();
    const ledger = await producing;
    const left = await untilSettled(stage, supervisor);
    const recovery = (performance.now() - healedAt) / 1000;
    const settled = await account(stage, prefix, ledger, receivers);
    const unsettled = left === undefined ? [] : [`not settled after ${recoveryTimeoutMs / 1000} s: ${left}`];
    return report(
      seed,
      plan.length,
      recovery,
      ledger,
      { ...settled, faults: [...unsettled, ...settled.faults] },
      supervisor,
    );
  } finally {
    clearInterval(sampling);
    await supervisor.close();
  }
}

async function openReceivers(stage: Stage): Promise<readonly Receiver[]> {
  const receivers: Receiver[] = [];
  for (const [i, type] of sinkTypes.entries()) {
    const receipts = new Receipts();
    const sink = await Sink.start({ face: faces[type], token: sinkToken, journalLimit: 0, onTaken: receipts.take });
    sink.refuse(({ id }) => id.endsWith(poisonEnding));
    const tenants = soakTenants.filter((_, at) => at % 2 === (i < 2 ? 0 : 1));
    await addDestinations(stage, tenants, { type, url: sink.url, caPem: sink.caPem }, {});
    const { rows } = await stage.pool.query<{ tenant: string; id: string }>(
      'select tenant_id as tenant, id from settings.destinations where url = $1',
      [sink.url],
    );
    const destinations = new Map(rows.map(({ tenant, id }) => [tenant, id]));
    receivers.push({ name: `receiver ${i} (${type})`, sink, receipts, destinations });
  }
  return receivers;
}

/** What is left when time is up. */
async function untilSettled(stage: Stage, supervisor: Supervisor): Promise<string | undefined> {
  let left: string | undefined;
  try {
    await eventually(
      async () => {
        left = await pending(stage, prefix);
        return left === undefined && supervisor.allRun();
      },
      { timeoutMs: recoveryTimeoutMs, everyMs: 500 },
    );
    return undefined;
  } catch (error) {
    return left ?? String(error);
  }
}

function report(
  seed: number,
  faults: number,
  recovery: number,
  { published }: Ledger,
  settled: Account,
  supervisor: Supervisor,
): boolean {
  printTable('soak: what became of the events', [
    {
      published,
      stored: settled.stored,
      duplicate: settled.duplicate,
      quarantined: settled.quarantined,
      'dead letters': settled.deadLetters,
      gaps: settled.gaps,
      'ended alone': supervisor.endedAlone,
    },
  ]);
  const sizes = sizesOf(supervisor);
  printTable(
    'soak: the largest process of each service, in the first and the last third',
    sizes.map(({ name, first, last }) => ({ service: name, 'first MB': round(first), 'last MB': round(last) })),
  );
  for (const fault of settled.faults) say(fault);
  const flat = sizes.every(({ first, last }) => last <= rssAims.mb && (first === 0 || last <= first * rssAims.ratio));
  return verdict(
    'soak',
    settled.faults.length === 0 && settled.lost === 0 && flat,
    `lost ${settled.lost}, repeats ${settled.repeats} (and ${settled.unansweredRepeats} of events that were never answered); seed ${seed}, ${faults} faults, settled ${round(recovery)} s after the last; ` +
      `memory ${flat ? 'flat' : 'NOT flat'} (aim ${rssAims.ratio} × and ${rssAims.mb} MB); ${settled.faults.length} things that do not add up`,
  );
}

function sizesOf({ sizes }: Supervisor): { name: string; first: number; last: number }[] {
  const times = sizes.map(({ at }) => at);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const third = (to - from) / 3;
  return [...new Set(line)].map((name) => {
    const own = sizes.filter((size) => size.name === name);
    const largest = (some: typeof own): number => Math.max(0, ...some.map(({ mb }) => mb));
    return {
      name,
      first: largest(own.filter(({ at }) => at < from + third)),
      last: largest(own.filter(({ at }) => at > to - third)),
    };
  });
}

function say(words: string): void {
  process.stdout.write(`soak: ${words}\n`);
}
