// The life of a record in ingestion, from its bytes to its one outcome: into `accepted` as canonical bytes, or into `rejected`
// verbatim with the reason. A function of the record and the rules alone: a re-read gives the same verdict and the same bytes.
import {
  actorLabel,
  encodeAcceptedHeaders,
  ok,
  type EventLimits,
  type Names,
  type Outcome,
} from '@auditlane/contracts';
import { canonicalForm } from './canonical-event';
import { decodeJson } from './decode-json';
import { deriveId } from './derive-id';
import { findAmbiguity, findAmbiguityIn } from './find-ambiguity';
import { openEnvelope, withoutFrame } from './open-envelope';
import { checkTenantHeaders, readHeaders } from './read-headers';
import { rejectRecord } from './reject-record';
import { excerpt, refused, type Refusal } from './refusal';
import { hasArrival, type SourceRecord } from './source-record';
import { createValidator } from './validate-event';

export interface IngestionRules {
  readonly limits: EventLimits;
  /** Where given, only these tenants are taken. */
  readonly tenants: ReadonlySet<string> | undefined;
  readonly names: Names;
}

export type Judge = (record: SourceRecord) => Outcome;

const day = 86_400_000;

export function createJudge({ limits, tenants, names }: IngestionRules): Judge {
  const validate = createValidator(limits);
  const accepted = names.topic('accepted');
  const rejected = names.topic('rejected');
  const receivedAtOf = createClock();

  return (record) => {
    /** What the record says of itself so far, for whoever looks for it in quarantine. */
    let fields: Readonly<Record<string, unknown>> = {};
    const verdict = judge();
    return verdict.kind === 'refused' ? rejectRecord(record, verdict, fields, rejected) : verdict;

    function judge(): Outcome | Refusal {
      const { value, timestamp, undecodable } = record;
      if (undecodable) return refuseBatch(record.offset, undecodable);
      if (!value || value.length === 0)
        return refused('empty_value', 'The record has no value. Send the audit event as JSON in the value.');
      if (value.length > limits.eventBytes) return tooLarge(value.length);
      if (!hasArrival(record))
        return refused(
          'unstorable',
          'The record has no time of arrival. Set message.timestamp.type=LogAppendTime on the topic.',
        );
      const headers = readHeaders(record.headers);
      if (headers.kind === 'refused') return headers;

      const decoded = decodeJson(withoutFrame(value), limits);
      if (decoded.kind === 'refused') return decoded;
      const opened = openEnvelope(decoded.value, headers.values);
      if (opened.kind === 'refused') return findAmbiguity(decoded) ?? opened;
      ({ fields } = opened);

      const valid = validate(fields);
      if (valid.kind === 'refused') return findAmbiguity(decoded) ?? valid;
      const { event, entry, occurredAt } = valid;
      const ambiguity = findAmbiguityIn(event, decoded);
      if (ambiguity) return ambiguity;
      const { tenantId } = event;
      const conflict = checkTenantHeaders(headers.values, tenantId);
      if (conflict) return conflict;
      if (tenants && !tenants.has(tenantId))
        return refused(
          'tenant_not_registered',
          `The tenant ${excerpt(tenantId)} is not registered here. Have it added.`,
        );
      if (occurredAt < timestamp - limits.retentionDays * day)
        return refused(
          'too_old',
          `occurredAt ${event.occurredAt} is more than ${limits.retentionDays} days before the record arrived. Publish sooner.`,
        );

      const id = event.id ?? deriveId(record);
      const { bytes, contentHash, contentBytes } = canonicalForm(event, id, receivedAtOf(timestamp));
      if (contentBytes > limits.eventBytes) return tooLarge(contentBytes);
      return ok({
        topic: accepted,
        key: tenantId,
        value: bytes,
        headers: encodeAcceptedHeaders({
          tenant: tenantId,
          id,
          contentHash,
          action: entry.key,
          area: entry.area,
          category: entry.category,
          occurredAt,
          receivedAt: timestamp,
          workspace: event.workspace?.name ?? '',
          actor: actorLabel(event.actor),
          clockSkew: occurredAt > timestamp + limits.clockSkewMs,
        }),
      });
    }
  };

  function tooLarge(size: number): Refusal {
    return refused(
      'too_large',
      `The event takes ${size} bytes; at most ${limits.eventBytes} are taken. Shorten details and parameters.`,
    );
  }
}

function refuseBatch(offset: number, { lastOffset, error }: NonNullable<SourceRecord['undecodable']>): Refusal {
  return refused(
    'undecodable_batch',
    `The batch of records at offsets ${offset} to ${lastOffset} cannot be read (${error}). Send it again, uncompressed or with gzip.`,
  );
}

/** Prints LogAppendTime; all records of a record batch share one, so the last answer mostly fits. */
function createClock(): (timestamp: number) => string {
  let last = -1;
  let text = '';
  return (timestamp) => {
    if (timestamp !== last) {
      text = new Date(timestamp).toISOString();
      last = timestamp;
    }
    return text;
  };
}
