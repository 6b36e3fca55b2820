// Holds the consumer to one outcome per record and to logs and labels that no producer can write into.
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { defaultLimits, namesWith, quarantineReasons } from '@auditlane/contracts';
import { settle, type Batch, type KafkaRecord } from '@auditlane/kafka';
import { arrival, hostileRecords } from '../test/hostile-records';
import { createJudge, type Judge } from './domain/judge-record';
import { IngestionConsumer } from './ingestion.consumer';
import { createIngestionMetrics } from './ingestion.metrics';

const names = namesWith('');
const judge = createJudge({ limits: defaultLimits, tenants: undefined, names });

function consumerWith(judge: Judge) {
  const lines: string[] = [];
  const registry = new Registry();
  const metrics = createIngestionMetrics(registry);
  const logger = pino({ level: 'trace' }, { write: (line: string) => void lines.push(line) });
  const parts = { judge, rejectedTopic: names.topic('rejected'), metrics, logger, now: () => arrival + 700 };
  return { consumer: new IngestionConsumer(parts), lines, registry, metrics };
}

const batchOf = (records: readonly KafkaRecord[]): Batch => ({
  records,
  highWatermark: records.length,
  heartbeat: () => Promise.resolve(),
  assignment: {
    topic: names.topic('events'),
    partition: 0,
    generation: 1,
    signal: new AbortController().signal,
    isFresh: () => true,
    isMember: () => true,
    committed: () => Promise.resolve(undefined),
    logRange: () => Promise.resolve({ start: 0, end: records.length }),
    commit: () => Promise.resolve(),
    reclaim: () => Promise.resolve(),
  },
});

const records = hostileRecords()
  .filter(({ registeredTenants }) => registeredTenants === undefined)
  .map(({ value, headers, key, undecodable }, offset): KafkaRecord => ({
    topic: names.topic('events'),
    partition: 0,
    offset,
    timestamp: arrival,
    key: key === undefined ? null : Buffer.from(key),
    value,
    headers: headers ?? {},
    undecodable,
  }));

describe('the consumer', () => {
  it('gives each record its own outcome, in order, and writes nothing about them into the log', async () => {
    const { consumer, lines } = consumerWith(judge);
    expect(await consumer.handle(batchOf(records))).toEqual(records.map((record) => judge(record)));
    expect(lines).toEqual([]);
  });

  it('counts what was handed on, by labels of the closed list alone', async () => {
    const { consumer, metrics, registry } = consumerWith(judge);
    const settlement = settle(records, await consumer.handle(batchOf(records)));
    metrics.handedOn(settlement);
    const [events, quarantined] = await Promise.all(
      ['auditlane_ingest_events_total', 'auditlane_ingest_quarantined_total'].map(async (name) =>
        registry.getSingleMetric(name)?.get(),
      ),
    );
    const count = (outcome: string) => events?.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? 0;
    expect(count('accepted') + count('quarantined')).toBe(records.length);
    expect(count('quarantined')).toBe(quarantined?.values.reduce((sum, { value }) => sum + value, 0));
    expect(quarantined?.values.map(({ labels }) => labels['reason'])).toEqual([...quarantineReasons]);
  });

  it('observes how long the oldest record waited', async () => {
    const { consumer, registry } = consumerWith(judge);
    await consumer.handle(batchOf(records));
    expect(await registry.metrics()).toContain('auditlane_ingest_delay_seconds_sum 0.7');
  });

  it('quarantines the one record on which the judge itself fails, and tells the log where, not what', async () => {
    const broken: Judge = (record) => {
      if (record.offset === 1) throw new Error('secret canary');
      return judge(record);
    };
    const { consumer, lines } = consumerWith(broken);
    const outcomes = await consumer.handle(batchOf(records.slice(0, 3)));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['dead', 'dead', 'dead']);
    expect(outcomes[1]).toMatchObject({
      reason: 'unstorable',
      emit: { value: records[1]?.value, topic: 'audit.events.rejected' },
    });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ partition: 0, offset: 1 });
    expect(lines[0]).not.toContain('canary');
  });
});
