// What producers publish during a soak, by the SDK, and what must become of each event: the outside ledger that the end is held against.
import { setTimeout as pause } from 'node:timers/promises';
import { createAuditProducer } from '@auditlane/producer';
import { makeEvent } from '@auditlane/testing';

export const soakTenants: readonly string[] = Array.from({ length: 24 }, (_, i) => `soak-${i}`);

/** Receivers refuse an event with this at the end of its id: it must become a dead letter, and hold nothing up. */
export const poisonEnding = '-poison';
const day = 86_400_000;

export interface Ledger {
  /** Acknowledged ids of events that must be stored, each once. */
  readonly good: Set<string>;
  /** Acknowledged events that must be in quarantine: too old, or another content under a known id. */
  readonly refused: { too_old: number; id_conflict: number };
  /** Publishes whose promise was rejected. */
  unacknowledged: number;
  published: number;
}

/** Publishes at an even rate until the signal, through outages; resolves when every publish is settled. */
export async function produceTraffic(
  brokers: readonly string[],
  topicPrefix: string,
  rate: number,
  signal: AbortSignal,
): Promise<Ledger> {
  const producer = createAuditProducer({ brokers, topicPrefix, deliveryTimeoutMs: 600_000, queueLimit: 1_000_000 });
  const ledger: Ledger = { good: new Set(), refused: { too_old: 0, id_conflict: 0 }, unacknowledged: 0, published: 0 };
  const settled: Promise<unknown>[] = [];
  const publish = (event: ReturnType<typeof makeEvent>, count: () => void): Promise<void> => {
    ledger.published++;
    return producer.publishUnchecked(event).then(count, () => void ledger.unacknowledged++);
  };

  const startedAt = performance.now();
  for (let n = 0; !signal.aborted;) {
    const due = ((performance.now() - startedAt) / 1000) * rate;
    for (; n < due; n++) {
      const tenantId = soakTenants[n % soakTenants.length] ?? '';
      const id = `soak-${n}${n % 397 === 0 ? poisonEnding : ''}`;
      const event = makeEvent({ tenantId, id, details: `number ${n}` });
      const sent = publish(event, () => ledger.good.add(id));
      settled.push(sent);
      // Sent once more by a producer that is not sure: stored once.
      if (n % 53 === 0) settled.push(publish(event, () => undefined));
      // Behind its first content, so that it is known which of the two must win.
      if (n % 211 === 0)
        settled.push(
          sent.then(() => publish({ ...event, details: 'another content' }, () => void ledger.refused.id_conflict++)),
        );
      if (n % 101 === 0) {
        const old = makeEvent({ tenantId, id: `old-${n}`, occurredAt: new Date(Date.now() - 60 * day).toISOString() });
        settled.push(publish(old, () => void ledger.refused.too_old++));
      }
    }
    await pause(20);
  }
  await Promise.all(settled);
  await producer.close();
  return ledger;
}
