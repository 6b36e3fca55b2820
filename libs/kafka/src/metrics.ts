// The numbers that say how consumption goes. Labels are topics, partitions and closed lists: nothing of a tenant.
import { dropReasons, quarantineReasons, retryReasons } from '@auditlane/contracts';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { OutcomeLabel } from './domain/settle';

/** Where a partition stands, for the lag. */
export interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly lagRecords: number;
  /** LogAppendTime of the oldest record that is not done; `undefined` where everything is. */
  readonly waitingSince: number | undefined;
}

const outcomeLabels: readonly { outcome: string; reason: string }[] = [
  { outcome: 'ok', reason: '' },
  { outcome: 'held', reason: '' },
  ...quarantineReasons.map((reason) => ({ outcome: 'dead', reason })),
  ...dropReasons.map((reason) => ({ outcome: 'drop', reason })),
  ...retryReasons.map((reason) => ({ outcome: 'retry', reason })),
];

export class ConsumerMetrics {
  private readonly outcomes: Counter<'topic' | 'outcome' | 'reason'>;
  private readonly batches: Counter<'topic'>;
  private readonly undecodable: Counter<'topic'>;
  private readonly gaps: Counter<'topic'>;
  private readonly rebalances: Counter<'group'>;
  private readonly duration: Histogram<'topic'>;

  constructor(
    registry: Registry,
    subscriptions: readonly { topic: string; group: string }[],
    positions: () => readonly Position[],
    assigned: () => readonly { topic: string; partitions: number }[],
  ) {
    const registers = [registry];
    this.outcomes = new Counter({
      name: 'auditlane_kafka_records_total',
      help: 'Records settled, by outcome and reason.',
      labelNames: ['topic', 'outcome', 'reason'],
      registers,
    });
    this.batches = new Counter({
      name: 'auditlane_kafka_batches_total',
      help: 'Batches settled.',
      labelNames: ['topic'],
      registers,
    });
    this.undecodable = new Counter({
      name: 'auditlane_kafka_undecodable_batches_total',
      help: 'Record batches that could not be read: unknown codec, corrupt, or growing past the cap.',
      labelNames: ['topic'],
      registers,
    });
    this.gaps = new Counter({
      name: 'auditlane_kafka_offset_gap_records_total',
      help: 'Offsets that were gone from the topic before they were read. Anything above 0 is loss.',
      labelNames: ['topic'],
      registers,
    });
    this.rebalances = new Counter({
      name: 'auditlane_kafka_rebalances_total',
      help: 'Times this process joined its consumer group, the first time included.',
      labelNames: ['group'],
      registers,
    });
    this.duration = new Histogram({
      name: 'auditlane_kafka_batch_duration_seconds',
      help: 'From handing a batch in until it was settled.',
      labelNames: ['topic'],
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60],
      registers,
    });
    const lagSeconds = new Gauge({
      name: 'auditlane_kafka_consumer_lag_seconds',
      help: 'Age of the oldest record of the partition that is not done.',
      labelNames: ['topic', 'partition'],
      registers,
      collect(): void {
        this.reset();
        for (const { topic, partition, waitingSince } of positions())
          this.set(
            { topic, partition },
            waitingSince === undefined ? 0 : Math.max(0, (Date.now() - waitingSince) / 1000),
          );
      },
    });
    const lagRecords = new Gauge({
      name: 'auditlane_kafka_consumer_lag_records',
      help: 'Records of the partition that are not done.',
      labelNames: ['topic', 'partition'],
      registers,
      collect(): void {
        this.reset();
        for (const position of positions())
          this.set({ topic: position.topic, partition: position.partition }, position.lagRecords);
      },
    });
    const assignedPartitions = new Gauge({
      name: 'auditlane_kafka_assigned_partitions',
      help: 'Partitions that this process holds.',
      labelNames: ['topic'],
      registers,
      collect(): void {
        for (const { topic, partitions } of assigned()) this.set({ topic }, partitions);
      },
    });
    void [lagSeconds, lagRecords, assignedPartitions];
    for (const { topic, group } of subscriptions) {
      for (const { outcome, reason } of outcomeLabels) this.outcomes.inc({ topic, outcome, reason }, 0);
      for (const counter of [this.batches, this.undecodable, this.gaps]) counter.inc({ topic }, 0);
      this.rebalances.inc({ group }, 0);
    }
  }

  settled(topic: string, counts: ReadonlyMap<OutcomeLabel, number>, seconds: number): void {
    this.batches.inc({ topic });
    this.duration.observe({ topic }, seconds);
    for (const [label, count] of counts) {
      const [outcome, reason] = label.split(':');
      this.outcomes.inc({ topic, outcome: outcome ?? '', reason: reason ?? '' }, count);
    }
  }

  gap(topic: string, records: number): void {
    this.gaps.inc({ topic }, records);
  }

  unreadable(topic: string): void {
    this.undecodable.inc({ topic });
  }

  joined(group: string): void {
    this.rebalances.inc({ group });
  }
}
