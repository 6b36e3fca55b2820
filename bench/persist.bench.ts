// How close persistence comes to a bare loop of one insert and one produce, on the same broker and the same database, in turns.
import { acceptedHeaders, benchEvent } from './lib/events';
import { fill } from './lib/fill';
import { inTurns } from './lib/relay';
import { cpuRatio, rateRatio, rowsOf, verdict, type Pair } from './lib/report';
import { openStage, topicOf } from './lib/stage';
import { printTable, round } from './lib/table';

const events = Number(process.env['BENCH_EVENTS'] ?? 100_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Aim: this share of the bare loop's rate. */
const aim = 0.8;

export async function persist(): Promise<boolean> {
  const pairs: Pair[] = [];
  for (let i = 0; i < rounds; i++) pairs.push(await runRound(i % 2 === 1));
  printTable(`persist: ${events} events of 700 B, medians of ${rounds} rounds`, rowsOf('persist', '', pairs));
  const ratio = rateRatio(pairs);
  return verdict(
    'persist',
    ratio >= aim,
    `${round(ratio * 100)} % of the bare loop's rate (aim ${aim * 100} %), ${round(cpuRatio(pairs), 2)} × its CPU`,
  );
}

/** On a stage of its own: offsets, rows and dedupe keys start from nothing for both. */
async function runRound(oursFirst: boolean): Promise<Pair> {
  const stage = await openStage();
  try {
    const prefix = 'persist.';
    const input = topicOf(prefix, 'accepted');
    const bareOutput = `${prefix}bare`;
    const output = topicOf(prefix, 'stored');
    await stage.createTopics({
      [input]: 'accepted',
      [bareOutput]: 'stored',
      [output]: 'stored',
      [topicOf(prefix, 'rejected')]: 'rejected',
    });
    const now = Date.now();
    await fill(stage, input, events, (at) => {
      const event = benchEvent(at, now);
      return { key: event.tenant, value: event.value, headers: { ...acceptedHeaders(event) } };
    });
    const bare = () =>
      stage.run('bare-persist', 'bench/bare/persist.main.js', {
        BENCH_FROM: input,
        BENCH_TO: bareOutput,
        AUDITLANE_DATABASE_URL: stage.superuserUrl,
      });
    const ours = () => stage.service('persistence', { AUDITLANE_TOPIC_PREFIX: prefix });
    const runners = { bare: { start: bare, output: bareOutput }, ours: { start: ours, output } };
    return await inTurns(stage, runners, events, oursFirst);
  } finally {
    await stage.close();
  }
}
