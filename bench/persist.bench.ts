// How close persistence comes to a bare loop of one insert and one produce, on the same broker and the same database, in turns.
import { acceptedHeaders, benchEvent } from './lib/events';
import { fill } from './lib/fill';
import { measureRelay, type RelayResult } from './lib/measure-relay';
import { reportRelays } from './lib/report-relays';
import { openStage, topicOf } from './lib/stage';

const events = Number(process.env['BENCH_EVENTS'] ?? 100_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
const aim = 0.8;

export async function persist(): Promise<boolean> {
  const bare: RelayResult[] = [];
  const ours: RelayResult[] = [];
  for (let round = 0; round < rounds; round++) {
    // A stage for each round: offsets, rows and dedupe keys start from nothing for both.
    const stage = await openStage();
    try {
      const prefix = 'persist.';
      const input = topicOf(prefix, 'accepted');
      const bareOutput = `${prefix}bare`;
      await stage.createTopics({
        [input]: 'accepted',
        [bareOutput]: 'stored',
        [topicOf(prefix, 'stored')]: 'stored',
        [topicOf(prefix, 'rejected')]: 'rejected',
      });
      const now = Date.now();
      await fill(stage, input, events, (i) => {
        const event = benchEvent(i, now);
        return { key: event.tenant, value: event.value, headers: { ...acceptedHeaders(event) } };
      });
      const bareLoop = () =>
        stage.start('bare-persist', 'bench/bare/persist.main.js', {
          BENCH_FROM: input,
          BENCH_TO: bareOutput,
          AUDITLANE_DATABASE_URL: stage.superuserUrl,
        });
      const service = () =>
        stage.start('persistence', 'services/persistence/src/main.js', {
          AUDITLANE_TOPIC_PREFIX: prefix,
          AUDITLANE_DATABASE_URL: stage.databaseUrl('auditlane_persistence'),
        });
      const runBare = async () => bare.push(await measureRelay(stage, bareLoop, bareOutput, events));
      const runOurs = async () => ours.push(await measureRelay(stage, service, topicOf(prefix, 'stored'), events));
      // In turns, so that neither always meets a colder or a fuller machine.
      for (const run of round % 2 ? [runOurs, runBare] : [runBare, runOurs]) await run();
    } finally {
      await stage.close();
    }
  }
  return reportRelays('persist', events, bare, ours, aim);
}
