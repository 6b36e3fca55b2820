// What a forwarder counts and times. No label names a tenant or a destination: their state is in the database and on the page.
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { DestinationType } from '@auditlane/contracts';
import type { Verdict } from '@auditlane/destinations';
import type { ReplayCounts } from './domain/replay-effects';
import { counter, gauge, histogram, latencyBuckets } from '@auditlane/observability';

const results = ['delivered', 'accepted', 'retry', 'split', 'poison', 'park'] as const;
const exits = ['delivered', 'dead_lettered', 'gap'] as const;
const notificationSteps = ['raised', 'sent', 'failed'] as const;
const replayExits = ['delivered', 'dead_lettered', 'unwanted', 'missing'] as const;
const replayStates = ['running', 'waiting', 'paused'] as const;
const states = ['healthy', 'retrying', 'failing', 'disabled'] as const;

/** What is only known when somebody asks. */
export interface DeliveryReading {
  readonly oldestPendingSeconds: number;
  readonly retentionMarginSeconds: number;
  readonly runnableEvents: number;
  readonly laneBytes: number;
  readonly drainBytes: number;
  readonly destinations: Readonly<Record<(typeof states)[number], number>>;
  readonly replays: Readonly<Record<(typeof replayStates)[number], number>>;
}

export class DeliveryMetrics {
  readonly requestSeconds: { observe(seconds: number): void };
  readonly claimsRefused: Counter;
  readonly strangers: Counter;
  readonly positionsLost: Counter;
  private readonly attempts: Counter;
  private readonly events: Counter;
  private readonly told: Counter;
  private readonly diverted: Counter;
  private readonly repeated: Counter;
  private readonly replayedEvents: Counter;
  private readonly type: string;

  constructor(registry: Registry, type: DestinationType, read: () => DeliveryReading) {
    this.type = type;
    const labels = { type: [type] };
    this.attempts = counter(registry, 'auditlane_delivery_attempts_total', 'Requests to destinations by result', {
      ...labels,
      result: results,
    });
    this.events = counter(registry, 'auditlane_delivery_events_total', 'Events by how they left the forwarder', {
      ...labels,
      result: exits,
    });
    this.diverted = counter(
      registry,
      'auditlane_delivery_diverted_events_total',
      'Delivered events that the receiver put into its failure store instead of the target',
      labels,
    );
    this.told = counter(
      registry,
      'auditlane_notifications_total',
      'Alarms about destinations: raised, and requests to webhooks by result',
      { ...labels, result: notificationSteps },
    );
    this.replayedEvents = counter(
      registry,
      'auditlane_replay_events_total',
      'Events of replays and resends by how they left',
      { ...labels, result: replayExits },
    );
    this.repeated = counter(
      registry,
      'auditlane_delivery_unacknowledged_events_total',
      'Events that a receiver took in and did not acknowledge in time: they are sent again',
      labels,
    );
    const seconds: Histogram = histogram(
      registry,
      'auditlane_delivery_request_duration_seconds',
      'Time of one request to a destination',
      latencyBuckets,
      ['type'],
    );
    this.requestSeconds = { observe: (value) => seconds.observe({ type }, value) };
    this.claimsRefused = counter(
      registry,
      'auditlane_delivery_claims_refused_total',
      'Writes refused because another instance has claimed the partition',
    );
    this.strangers = counter(
      registry,
      'auditlane_delivery_foreign_records_total',
      'Records of `stored` that are not an event of this system, or cannot be read',
    );
    this.positionsLost = counter(
      registry,
      'auditlane_delivery_positions_lost_total',
      'Partitions claimed without a position in the log that can be trusted: their destinations go on from the database',
    );
    this.gauges(registry, type, read);
  }

  judged(verdicts: readonly Verdict[]): void {
    let delivered = 0;
    let diverted = 0;
    let worst: (typeof results)[number] = 'delivered';
    for (const verdict of verdicts) {
      if (verdict.kind === 'delivered') {
        delivered++;
        if (verdict.diverted) diverted++;
      } else worst = verdict.kind;
    }
    this.attempts.inc({ type: this.type, result: worst });
    if (delivered > 0) this.events.inc({ type: this.type, result: 'delivered' }, delivered);
    if (diverted > 0) this.diverted.inc({ type: this.type }, diverted);
  }

  acknowledged(events: number): void {
    this.events.inc({ type: this.type, result: 'delivered' }, events);
  }

  unacknowledged(events: number): void {
    this.repeated.inc({ type: this.type }, events);
  }

  left(result: 'dead_lettered' | 'gap', events: number): void {
    if (events > 0) this.events.inc({ type: this.type, result }, events);
  }

  notifications(result: (typeof notificationSteps)[number]): void {
    this.told.inc({ type: this.type, result });
  }

  replayed({ delivered, deadLettered, unwanted, missing }: ReplayCounts): void {
    const counts = { delivered, dead_lettered: deadLettered, unwanted, missing };
    for (const result of replayExits) this.replayedEvents.inc({ type: this.type, result }, counts[result]);
  }

  private gauges(registry: Registry, type: string, read: () => DeliveryReading): void {
    const made = (name: string, help: string, value: (reading: DeliveryReading) => number): Gauge =>
      gauge(registry, name, help, ['type'], (self) => self.set({ type }, value(read())));
    made(
      'auditlane_delivery_oldest_pending_seconds',
      'Age of the oldest event that is still owed to an enabled destination',
      ({ oldestPendingSeconds }) => oldestPendingSeconds,
    );
    made(
      'auditlane_delivery_retention_margin_seconds',
      'Time until retention takes the first event that an enabled destination is still owed; all of retention where none waits',
      ({ retentionMarginSeconds }) => retentionMarginSeconds,
    );
    made(
      'auditlane_delivery_runnable_backlog_events',
      'Events that could be delivered now: without those of destinations in back-off',
      ({ runnableEvents }) => runnableEvents,
    );
    made('auditlane_delivery_lane_bytes', 'Bytes queued in live lanes', ({ laneBytes }) => laneBytes);
    made('auditlane_delivery_drain_bytes', 'Bytes taken for reading from the database', ({ drainBytes }) => drainBytes);
    gauge(
      registry,
      'auditlane_destinations',
      'Destinations of owned partitions by state',
      ['type', 'state'],
      (self) => {
        const { destinations } = read();
        for (const state of states) self.set({ type, state }, destinations[state]);
      },
    );
    gauge(registry, 'auditlane_replays', 'Open replays of owned partitions by state', ['type', 'state'], (self) => {
      const { replays } = read();
      for (const state of replayStates) self.set({ type, state }, replays[state]);
    });
  }
}
