// A Splunk forwarder with one live destination for each tenant: everything delivered and committed, nothing parked. From here a backlog
// in `stored` goes through the live lanes, as after a deployment or a pause.
import { namesWith } from '@auditlane/contracts';
import { eventually } from '@auditlane/testing';
import { benchTenants } from './events';
import { addDestinations, startSplunkSink, type SplunkSink } from './splunk-sink';
import { topicOf, type RunningService, type Stage } from './stage';
import { StoredLoad } from './stored-load';

export interface SplunkLine {
  readonly sink: SplunkSink;
  readonly load: StoredLoad;
  start(): Promise<RunningService>;
  /** Destinations that are not live. */
  cursors(): Promise<number>;
  /** Resolves when the group has committed everything that `stored` holds. */
  committed(): Promise<void>;
}

export const forwarderEnvironment = (prefix: string, sink: SplunkSink) => ({
  AUDITLANE_TOPIC_PREFIX: prefix,
  AUDITLANE_EGRESS_ALLOW: new URL(sink.url).host,
});

const patience = { timeoutMs: 120_000 };

export async function openSplunkLine(
  stage: Stage,
  prefix: string,
  options: Readonly<Record<string, unknown>>,
): Promise<SplunkLine> {
  const topic = topicOf(prefix, 'stored');
  await stage.createTopics({ [topic]: 'stored' });
  const sink = await startSplunkSink(stage);
  const load = new StoredLoad(stage, prefix, benchTenants);
  const line: SplunkLine = {
    sink,
    load,
    start: () => stage.service('forwarder-splunk', forwarderEnvironment(prefix, sink)),
    async cursors() {
      const { rows } = await stage.pool.query<{ count: string }>('select count(*) from delivery.cursor');
      return Number(rows[0]?.count);
    },
    async committed() {
      const groupId = namesWith(prefix).group('forwarder-splunk');
      await eventually(async () => {
        const ends = await stage.admin.fetchTopicOffsets(topic);
        const [group] = await stage.admin.fetchOffsets({ groupId, topics: [topic] });
        const reached = new Map(group?.partitions.map(({ partition, offset }) => [partition, offset]));
        return ends.every(({ partition, high }) => high === '0' || reached.get(partition) === high);
      }, patience);
    },
  };

  await load.add(benchTenants.length);
  await addDestinations(stage, benchTenants, sink, options);
  const forwarder = await line.start();
  await eventually(async () => (await sink.counts()).taken >= benchTenants.length, patience);
  await eventually(async () => (await line.cursors()) === 0, patience);
  await line.committed();
  await forwarder.stop();
  return line;
}
