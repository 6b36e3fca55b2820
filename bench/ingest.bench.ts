// How close ingestion comes to a bare kafkajs relay that decides nothing: both read the same topic, in turns, in one run.
import { benchEvent } from './lib/events';
import { fill } from './lib/fill';
import { measureRelay, type RelayResult } from './lib/measure-relay';
import { reportRelays } from './lib/report-relays';
import { openStage, topicOf } from './lib/stage';

const events = Number(process.env['BENCH_EVENTS'] ?? 200_000);
const rounds = Number(process.env['BENCH_ROUNDS'] ?? 3);
/** Aim: this share of the bare relay's rate. */
const aim = 0.8;

export async function ingest(): Promise<boolean> {
  const stage = await openStage();
  const bare: RelayResult[] = [];
  const ours: RelayResult[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      const prefix = `ingest${round}.`;
      const input = topicOf(prefix, 'events');
      const bareOutput = `${prefix}bare`;
      await stage.createTopics({
        [input]: 'events',
        [bareOutput]: 'accepted',
        [topicOf(prefix, 'accepted')]: 'accepted',
        [topicOf(prefix, 'rejected')]: 'rejected',
      });
      const now = Date.now();
      await fill(stage, input, events, (i) => {
        const { tenant, value } = benchEvent(i, now);
        return { key: tenant, value };
      });
      const environment = { BENCH_FROM: input, BENCH_TO: bareOutput };
      bare.push(
        await measureRelay(
          stage,
          () => stage.start('bare-relay', 'bench/bare/relay.main.js', environment),
          bareOutput,
          events,
        ),
      );
      const service = () =>
        stage.start('ingestion', 'services/ingestion/src/main.js', { AUDITLANE_TOPIC_PREFIX: prefix });
      ours.push(await measureRelay(stage, service, topicOf(prefix, 'accepted'), events));
    }
  } finally {
    await stage.close();
  }
  return reportRelays('ingest', events, bare, ours, aim);
}
