// What this service counts and times.
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { quarantineReasons, retryReasons } from '@auditlane/contracts';
import { counter, gauge, histogram, latencyBuckets } from '@auditlane/observability';

/** Edges on the objectives' limits (0.5, 1, 10, 60 and 300 s), with enough below to see a normal day. */
const freshnessBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

export class PersistenceMetrics {
  readonly events: Counter;
  readonly quarantined: Counter;
  readonly overflow: Counter;
  readonly republished: Counter;
  readonly retries: Counter;
  readonly bisections: Counter;
  readonly lostOffsets: Counter;
  readonly transactionSeconds: Histogram;
  readonly freshnessSeconds: Histogram;
  readonly daysAheadSeconds: Gauge;
  readonly retentionSuccess: Gauge;
  readonly retentionFailures: Counter;

  constructor(registry: Registry) {
    this.events = counter(registry, 'auditlane_persist_events_total', 'Records of `accepted` by what became of them', {
      outcome: ['stored', 'duplicate', 'quarantined'],
    });
    this.quarantined = counter(
      registry,
      'auditlane_quarantine_events_total',
      'Records put into quarantine, by reason',
      {
        reason: quarantineReasons,
      },
    );
    this.overflow = counter(
      registry,
      'auditlane_quarantine_overflow_total',
      'Quarantined records that were counted but not kept, because a cap was reached',
    );
    this.republished = counter(
      registry,
      'auditlane_persist_republished_total',
      'Stored events produced to `stored` once more after a claim',
    );
    this.retries = counter(
      registry,
      'auditlane_persist_retries_total',
      'Batches handed back unacknowledged, by reason',
      {
        reason: retryReasons,
      },
    );
    this.bisections = counter(
      registry,
      'auditlane_persist_bisections_total',
      'Batches halved because the database refused their data or they ended the process',
    );
    this.lostOffsets = counter(
      registry,
      'auditlane_persist_lost_records_total',
      'Offsets of `accepted` that Kafka had deleted before they were stored: lost events',
    );
    this.transactionSeconds = histogram(
      registry,
      'auditlane_persist_transaction_duration_seconds',
      'Time of one batch transaction',
      latencyBuckets,
    );
    this.freshnessSeconds = histogram(
      registry,
      'auditlane_ingest_freshness_seconds',
      'From the time of the record in `accepted` to its commit in the database',
      freshnessBuckets,
    );
    this.daysAheadSeconds = gauge(
      registry,
      'auditlane_partitions_ahead_seconds',
      'Time left until the last daily partition ends',
    );
    this.retentionSuccess = gauge(
      registry,
      'auditlane_retention_last_success_timestamp_seconds',
      'When retention last ran to its end',
    );
    this.retentionFailures = counter(
      registry,
      'auditlane_retention_failures_total',
      'Retention runs that were refused or failed',
    );
  }
}
