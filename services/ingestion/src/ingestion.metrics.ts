// Counts what ingestion handed on, once it is acknowledged. Reasons come from the closed list: producers cannot make labels.
import { isQuarantineReason, quarantineReasons } from '@auditlane/contracts';
import type { Settlement } from '@auditlane/kafka';
import { counter, histogram, latencyBuckets, type Runtime } from '@auditlane/observability';

export interface IngestionMetrics {
  /** After the broker acknowledged what a batch gave. A batch that is read again is counted again. */
  handedOn(settlement: Pick<Settlement, 'counts'>): void;
  /** `seconds` from the record's arrival in `audit.events` to its verdict. */
  judged(seconds: number): void;
}

export function createIngestionMetrics(registry: Runtime<unknown>['registry']): IngestionMetrics {
  const events = counter(registry, 'auditlane_ingest_events_total', 'Records of audit.events that were handed on', {
    outcome: ['accepted', 'quarantined'],
  });
  const quarantined = counter(
    registry,
    'auditlane_ingest_quarantined_total',
    'Records of audit.events that were handed to quarantine',
    { reason: quarantineReasons },
  );
  const delay = histogram(
    registry,
    'auditlane_ingest_delay_seconds',
    'From the arrival of the oldest record of a batch in audit.events to its verdict',
    latencyBuckets,
  );
  return {
    handedOn({ counts }) {
      for (const [label, count] of counts) {
        if (label === 'ok:') events.inc({ outcome: 'accepted' }, count);
        const reason = label.slice('dead:'.length);
        if (!label.startsWith('dead:') || !isQuarantineReason(reason)) continue;
        events.inc({ outcome: 'quarantined' }, count);
        quarantined.inc({ reason }, count);
      }
    },
    judged: (seconds) => delay.observe(Math.max(0, seconds)),
  };
}
