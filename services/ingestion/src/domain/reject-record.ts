// Makes the record that carries a refused one into quarantine: the original bytes verbatim, the reason and the coordinates beside them.
import { dead, encodeRejectedHeaders, tenantIdSchema, type Outcome } from '@auditlane/contracts';
import type { Refusal } from './refusal';
import { hasArrival, type SourceRecord } from './source-record';

/** `fields` is what could be read of the event; its tenant and action are told only where they are well-formed. */
export function rejectRecord(
  record: SourceRecord,
  { reason, detail }: Refusal,
  fields: Readonly<Record<string, unknown>>,
  topic: string,
): Outcome {
  const { tenantId, action } = fields;
  return dead(reason, {
    topic,
    key: null,
    value: record.value ?? Buffer.alloc(0),
    headers: encodeRejectedHeaders({
      reason,
      detail,
      topic: record.topic,
      partition: record.partition,
      offset: record.offset,
      lastOffset: record.undecodable?.lastOffset ?? record.offset,
      // Readers of `rejected` refuse what is no instant, and then nobody would learn of the record.
      timestamp: hasArrival(record) ? record.timestamp : 0,
      tenant: typeof tenantId === 'string' && tenantIdSchema.safeParse(tenantId).success ? tenantId : '',
      action: typeof action === 'string' && /^[a-z0-9_.]{1,128}$/.test(action) ? action : '',
    }),
  });
}
