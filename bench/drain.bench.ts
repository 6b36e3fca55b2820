// How close a Splunk forwarder comes to a bare loop on the same backlog, with and without gzip, by both ways an event can take:
// from Kafka through the live lanes, and from PostgreSQL where a destination was parked.
import { benchTenants } from './lib/events';
import { measure, type Measured } from './lib/measure';
import { cpuRatio, rowsOf, verdict, type Pair } from './lib/report';
import { faultsOf, sinkToken, startSplunkSink } from './lib/splunk-sink';
import { openSplunkLine, type SplunkLine } from './lib/splunk-line';
import { openStage, topicOf, type Stage } from './lib/stage';
import { printTable, round } from './lib/table';

const events = Number(process.env['BENCH_EVENTS'] ?? 500_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 1);
const aims = { cpu: 1.3, peakRssMb: 350 };

const prefix = 'drain.';
const sources = ['live', 'parked'] as const;
type Source = (typeof sources)[number];

interface Variant {
  readonly source: Source;
  readonly gzip: boolean;
  readonly pairs: Pair[];
}

const variants: readonly Variant[] = sources.flatMap((source) => [
  { source, gzip: false, pairs: [] },
  { source, gzip: true, pairs: [] },
]);

export async function drain(): Promise<boolean> {
  const faults: string[] = [];
  for (let i = 0; i < rounds; i++)
    for (const gzip of [false, true]) faults.push(...(await runRound(gzip, i % 2 === 1)));

  const named = ({ source, gzip }: Variant): string => `${source}, ${gzip ? 'gzip' : 'plain'}`;
  const rows = variants.flatMap((variant) => rowsOf('drain', `, ${named(variant)}`, variant.pairs));
  printTable(`drain: ${events} stored events of 700 B, medians of ${rounds} rounds`, rows);
  for (const fault of faults) process.stdout.write(`drain: ${fault}\n`);

  const ratios = variants.map((variant) => ({ variant, ratio: cpuRatio(variant.pairs) }));
  const live = ratios.filter(({ variant }) => variant.source === 'live');
  const peak = Math.max(...live.flatMap(({ variant }) => variant.pairs.map(({ ours }) => ours.peakRssMb)));
  const met = faults.length === 0 && live.every(({ ratio }) => ratio <= aims.cpu) && peak < aims.peakRssMb;
  const words = ratios.map(({ variant, ratio }) => `${named(variant)} ${round(ratio, 2)} ×`).join(', ');
  return verdict(
    'drain',
    met,
    `CPU of the bare loop's: ${words} (aim ${aims.cpu} × live); peak RSS ${round(peak)} MB live (aim < ${aims.peakRssMb} MB); ${faults.length} faults`,
  );
}

/** Both sources with one setting of gzip, on a stage of their own. Answers what went wrong on the way. */
async function runRound(gzip: boolean, oursFirst: boolean): Promise<readonly string[]> {
  const stage = await openStage();
  const faults: string[] = [];
  try {
    const line = await openSplunkLine(stage, prefix, { gzip });
    await line.load.add(events - benchTenants.length);
    for (const source of sources) {
      const bare = () => runBare(stage, line, source, gzip, faults);
      const ours = () => (source === 'live' ? runLive(line, faults) : runParked(stage, line, faults));
      const pair = oursFirst
        ? await ours().then(async (measured) => ({ ours: measured, bare: await bare() }))
        : await bare().then(async (measured) => ({ bare: measured, ours: await ours() }));
      variants.find((variant) => variant.source === source && variant.gzip === gzip)?.pairs.push(pair);
    }
  } finally {
    await stage.close();
  }
  return faults;
}

async function runBare(stage: Stage, line: SplunkLine, source: Source, gzip: boolean, faults: string[]) {
  const sink = await startSplunkSink(stage);
  const start = () =>
    stage.run('bare-drain', 'bench/bare/drain.main.js', {
      BENCH_SOURCE: source === 'live' ? 'kafka' : 'postgres',
      BENCH_FROM: topicOf(prefix, 'stored'),
      BENCH_SINK: sink.url,
      BENCH_SINK_CA: sink.caPem,
      BENCH_SINK_TOKEN: sinkToken,
      BENCH_GZIP: gzip ? '1' : '',
      BENCH_TENANTS: benchTenants.join(','),
      AUDITLANE_DATABASE_URL: stage.superuserUrl,
    });
  const { child, measured } = await measure(start, async () => (await sink.counts()).taken, events);
  await child.stop();
  faults.push(...faultsOf(await sink.counts(), line.load.heads).map((fault) => `bare loop, ${source}: ${fault}`));
  await sink.stop();
  return measured;
}

/** The backlog waits in `stored`, behind the committed offsets. */
async function runLive(line: SplunkLine, faults: string[]): Promise<Measured> {
  const expected = events - benchTenants.length;
  const { child, measured } = await measure(
    () => line.start(),
    async () => (await line.sink.counts()).taken,
    expected,
  );
  const parked = await line.cursors();
  if (parked > 0) faults.push(`live: ${parked} destinations are parked at the end`);
  await line.committed();
  await child.stop();
  faults.push(...faultsOf(await line.sink.counts(), line.load.heads).map((fault) => `live: ${fault}`));
  return measured;
}

/** The same events again, from the beginning, as if every destination had been parked at its first event. */
async function runParked(stage: Stage, line: SplunkLine, faults: string[]): Promise<Measured> {
  await line.sink.reset();
  await stage.pool.query(
    `insert into delivery.cursor (destination_id, tenant_id, next_seq, state, reason)
     select id, tenant_id, 1, 'parked', 'position_unknown' from settings.destinations`,
  );
  const { child, measured } = await measure(
    () => line.start(),
    async () => (await line.sink.counts()).taken,
    events,
  );
  await child.stop();
  faults.push(...faultsOf(await line.sink.counts(), line.load.heads).map((fault) => `parked: ${fault}`));
  return measured;
}
