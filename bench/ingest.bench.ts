// How close ingestion comes to a bare kafkajs relay that decides nothing: both read the same topic, in turns, in one run.
import { benchEvent } from './lib/events';
import { fill } from './lib/fill';
import { inTurns } from './lib/relay';
import { cpuRatio, rateRatio, rowsOf, verdict, type Pair } from './lib/report';
import { openStage, topicOf } from './lib/stage';
import { printTable, round } from './lib/table';

const events = Number(process.env['BENCH_EVENTS'] ?? 200_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Aim: this share of the bare relay's rate. */
const aim = 0.8;

export async function ingest(): Promise<boolean> {
  const stage = await openStage();
  const pairs: Pair[] = [];
  try {
    for (let i = 0; i < rounds; i++) {
      const prefix = `ingest${i}.`;
      const input = topicOf(prefix, 'events');
      const bareOutput = `${prefix}bare`;
      const output = topicOf(prefix, 'accepted');
      await stage.createTopics({
        [input]: 'events',
        [bareOutput]: 'accepted',
        [output]: 'accepted',
        [topicOf(prefix, 'rejected')]: 'rejected',
      });
      const now = Date.now();
      await fill(stage, input, events, (at) => {
        const { tenant, value } = benchEvent(at, now);
        return { key: tenant, value };
      });
      const bare = () =>
        stage.run('bare-relay', 'bench/bare/relay.main.js', { BENCH_FROM: input, BENCH_TO: bareOutput });
      const ours = () => stage.service('ingestion', { AUDITLANE_TOPIC_PREFIX: prefix });
      const runners = { bare: { start: bare, output: bareOutput }, ours: { start: ours, output } };
      pairs.push(await inTurns(stage, runners, events, i % 2 === 1));
    }
  } finally {
    await stage.close();
  }
  printTable(`ingest: ${events} events of 700 B, medians of ${rounds} rounds`, rowsOf('ingest', '', pairs));
  const ratio = rateRatio(pairs);
  return verdict(
    'ingest',
    ratio >= aim,
    `${round(ratio * 100)} % of the bare relay's rate (aim ${aim * 100} %), ${round(cpuRatio(pairs), 2)} × its CPU`,
  );
}
