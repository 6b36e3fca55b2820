// Holds ingestion to one outcome per record, whatever the record is: the rows H1 to H30, and whatever fast-check thinks of.
import * as fc from 'fast-check';
import {
  decodeAcceptedHeaders,
  decodeRejectedHeaders,
  defaultLimits,
  namesWith,
  type AcceptedHeaders,
  type Outcome,
  type OutgoingRecord,
  type RejectedHeaders,
} from '@auditlane/contracts';
import { arrival, eventOfSize, hostileRecords, sampleEvent, type HostileRecord } from '../../test/hostile-records';
import { createJudge } from './judge-record';
import type { SourceRecord } from './source-record';

const names = namesWith('');
const judgeFor = (tenants?: readonly string[]) =>
  createJudge({ limits: defaultLimits, tenants: tenants && new Set(tenants), names });
const judge = judgeFor();
const judgeOfAcme = judgeFor(['acme']);

const recordOf = (value: Buffer | null, rest: Partial<SourceRecord> = {}): SourceRecord => ({
  topic: names.topic('events'),
  partition: 3,
  offset: 500,
  timestamp: arrival,
  headers: {},
  ...rest,
  value,
});
const eventRecord = (overrides = {}, rest: Partial<SourceRecord> = {}) =>
  recordOf(Buffer.from(JSON.stringify(sampleEvent(overrides))), rest);

function emitted(outcome: Outcome): OutgoingRecord {
  if (outcome.kind !== 'ok' && outcome.kind !== 'dead') throw new Error(`no outcome of ingestion: ${outcome.kind}`);
  if (!outcome.emit) throw new Error('nothing emitted');
  return outcome.emit;
}
function accepted(outcome: Outcome): {
  value: Record<string, unknown>;
  headers: AcceptedHeaders;
  record: OutgoingRecord;
} {
  const record = emitted(outcome);
  const headers = decodeAcceptedHeaders(record.headers);
  if (outcome.kind !== 'ok' || !headers) throw new Error(`not accepted: ${JSON.stringify(record.headers)}`);
  return { value: JSON.parse(record.value.toString()), headers, record };
}
function rejected(outcome: Outcome): RejectedHeaders {
  const headers = decodeRejectedHeaders(emitted(outcome).headers);
  if (outcome.kind !== 'dead' || !headers) throw new Error('not rejected');
  return headers;
}
const reasonOf = (outcome: Outcome): string => (outcome.kind === 'dead' ? outcome.reason : 'accepted');

describe('the hostile input list', () => {
  const rows = hostileRecords();
  const outcomeOf = (row: HostileRecord): Outcome =>
    (row.registeredTenants ? judgeOfAcme : judge)(
      recordOf(row.value, {
        headers: row.headers ?? {},
        ...(row.undecodable === undefined ? {} : { undecodable: row.undecodable }),
      }),
    );

  it.each(rows.map((row): [string, HostileRecord] => [`${row.row}: ${row.title} -> ${row.outcome}`, row]))(
    '%s',
    (_, row) => {
      expect(reasonOf(outcomeOf(row))).toBe(row.outcome);
    },
  );

  it('hands every refused row on verbatim, with its coordinates and one line of advice', () => {
    for (const row of rows.filter(({ outcome }) => outcome !== 'accepted')) {
      const outcome = outcomeOf(row);
      const { key, topic, value } = emitted(outcome);
      const headers = rejected(outcome);
      expect({ key, topic, same: value.equals(row.value ?? Buffer.alloc(0)) }).toEqual({
        key: null,
        topic: 'audit.events.rejected',
        same: true,
      });
      expect(headers).toMatchObject({
        reason: row.outcome,
        topic: 'audit.events',
        partition: 3,
        offset: 500,
        lastOffset: row.undecodable?.lastOffset ?? 500,
        timestamp: arrival,
      });
      expect(headers.detail).toMatch(/^[\x20-\x7e]{10,500}$/);
    }
  });

  it('has a row for each number but H28, which never leaves the transport', () => {
    const present = new Set(rows.map(({ row }) => row));
    const missing = Array.from({ length: 30 }, (_, index) => `H${index + 1}` as const).filter(
      (row) => !present.has(row),
    );
    expect(missing).toEqual(['H28']);
  });

  it('leaves no prototype polluted', () => {
    for (const row of rows) outcomeOf(row);
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false);
  });

  it('never makes a reason of what producers wrote, however many names they think of', () => {
    const reasons = new Set(
      Array.from({ length: 10_000 }, (_, index) => reasonOf(judge(eventRecord({ action: `area.action_${index}` })))),
    );
    expect([...reasons]).toEqual(['unknown_action']);
  });
});

describe('an accepted event', () => {
  it('keeps what the producer said and adds receivedAt', () => {
    const { value, record } = accepted(judge(eventRecord()));
    expect(value).toEqual({ ...sampleEvent(), receivedAt: '2026-11-23T10:00:00.000Z' });
    expect(record).toMatchObject({ topic: 'audit.events.accepted', key: 'acme' });
    expect(record.partition).toBeUndefined();
  });

  it('tells its facts in headers', () => {
    expect(accepted(judge(eventRecord())).headers).toEqual({
      tenant: 'acme',
      id: 'evt-1',
      contentHash: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      action: 'workflows.workflow_created',
      area: 'workflows',
      category: 'System configuration',
      occurredAt: arrival - 1_000,
      receivedAt: arrival,
      workspace: 'Production',
      actor: 'jane@acme.test',
      clockSkew: false,
    });
  });

  it('gives the same record the same bytes at every reading, also without an id', () => {
    const record = eventRecord({ id: undefined });
    expect(judgeFor()(record)).toEqual(judgeFor()(record));
    expect(accepted(judge(record)).value['id']).toBe(accepted(judge(record)).headers.id);
  });

  it('hashes the same for the same words in another order, with other blanks, escapes and arrival', () => {
    const { parameters, ...rest } = sampleEvent({ details: 'é' });
    const shuffled = JSON.stringify({ parameters, ...rest }, undefined, 2).replace('é', '\\u00e9');
    const [one, other] = [
      accepted(judge(eventRecord({ details: 'é' }))),
      accepted(judge(recordOf(Buffer.from(shuffled), { offset: 7, timestamp: arrival + 1_000 }))),
    ];
    expect(other.headers.contentHash).toBe(one.headers.contentHash);
    expect(other.value['receivedAt']).not.toBe(one.value['receivedAt']);
  });

  it('hashes otherwise for another body under the same id', () => {
    const hashOf = (details: string) => accepted(judge(eventRecord({ details }))).headers.contentHash;
    expect(hashOf('one')).not.toBe(hashOf('other'));
  });

  it('hashes the same without an id, wherever the record stands: the derived id is not the producer’s', () => {
    const hashAt = (offset: number) => accepted(judge(eventRecord({ id: undefined }, { offset })));
    expect(hashAt(1).headers.contentHash).toBe(hashAt(2).headers.contentHash);
    expect(hashAt(1).headers.id).not.toBe(hashAt(2).headers.id);
  });

  it('is flagged when it is more than ten minutes ahead of its arrival, by the broker’s clock alone', () => {
    const ahead = (ms: number) => ({ occurredAt: new Date(arrival + ms).toISOString() });
    expect(accepted(judge(eventRecord(ahead(600_000)))).headers.clockSkew).toBe(false);
    expect(accepted(judge(eventRecord(ahead(600_001)))).headers.clockSkew).toBe(true);
    expect(accepted(judge(eventRecord(ahead(600_001), { timestamp: arrival + 1 }))).headers.clockSkew).toBe(false);
  });

  it('is too old one millisecond past retention at its arrival', () => {
    const ago = (ms: number) => judge(eventRecord({ occurredAt: new Date(arrival - ms).toISOString() }));
    expect(reasonOf(ago(30 * 86_400_000))).toBe('accepted');
    expect(reasonOf(ago(30 * 86_400_000 + 1))).toBe('too_old');
  });

  it('may be exactly as large as the limit, whatever ingestion adds', () => {
    expect(emitted(judge(recordOf(eventOfSize(262_144)))).value.length).toBeGreaterThan(262_144);
  });

  it('is too large where its canonical form passes the limit, though its own text does not', () => {
    const limits = { ...defaultLimits, eventBytes: 1_000 };
    const tight = createJudge({ limits, tenants: undefined, names });
    const numbers = Array.from({ length: 30 }, () => 1e20);
    const text = JSON.stringify(sampleEvent({ parameters: { numbers } })).replaceAll('100000000000000000000', '1e20');
    expect(text.length).toBeLessThan(1_000);
    expect(reasonOf(tight(recordOf(Buffer.from(text))))).toBe('too_large');
  });
});

describe('a rejected record', () => {
  it('names tenant and action where they could be read and are well-formed', () => {
    expect(rejected(judge(eventRecord({ made_up: 1 })))).toMatchObject({
      tenant: 'acme',
      action: 'workflows.workflow_created',
    });
    expect(rejected(judge(eventRecord({ tenantId: 'a\nb', action: 'x\ny' })))).toMatchObject({
      tenant: '',
      action: '',
    });
  });

  it('says duplicate_key rather than schema_invalid where both are true: the words must not depend on the reader', () => {
    const text = JSON.stringify(sampleEvent({ made_up: 1 })).replace('{', '{"tenantId":"x",');
    expect(reasonOf(judge(recordOf(Buffer.from(text))))).toBe('duplicate_key');
  });

  it('has a time of arrival, or is refused with the setting to change', () => {
    for (const timestamp of [-1, NaN, 1.5, 1e18]) {
      const headers = rejected(judge(eventRecord({}, { timestamp })));
      expect(headers).toMatchObject({ reason: 'unstorable', timestamp: 0 });
      expect(headers.detail).toContain('message.timestamp.type=LogAppendTime');
    }
  });
});

describe('any input', () => {
  const oneOutcome = (record: SourceRecord): void => {
    const outcome = judge(record);
    expect(['ok', 'dead']).toContain(outcome.kind);
    const { value, topic } = emitted(outcome);
    if (outcome.kind === 'dead')
      expect({ topic, value }).toEqual({ topic: 'audit.events.rejected', value: record.value });
    else accepted(outcome);
  };
  const headers = fc.dictionary(
    fc.string(),
    fc.oneof(
      fc.string(),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    ),
  );

  it('of arbitrary bytes has exactly one outcome', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), headers, (bytes, headers) => {
        oneOutcome(recordOf(Buffer.from(bytes), { headers }));
      }),
      { numRuns: 5_000 },
    );
  });

  it('of arbitrary JSON, also where events have it, has exactly one outcome', () => {
    const field = fc.constantFrom(...Object.keys(sampleEvent()), 'data', 'specversion', 'x');
    const contentType = fc.constantFrom('application/json', 'application/cloudevents+json', 'APPLICATION/CLOUDEVENTS');
    fc.assert(
      fc.property(
        field,
        fc.jsonValue({ noUnicodeString: false }),
        contentType,
        fc.boolean(),
        (name, value, type, wrapped) => {
          const event = { ...sampleEvent(), [name]: value };
          const body = wrapped
            ? { specversion: '1.0', id: '1', source: 's', type: 't', data: event, [name]: value }
            : event;
          oneOutcome(recordOf(Buffer.from(JSON.stringify(body)), { headers: { 'content-type': type } }));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('of a good event with some bytes changed, cut or put in has exactly one outcome', () => {
    const good = Buffer.from(JSON.stringify(sampleEvent()));
    const edit = fc.record({
      at: fc.nat(good.length),
      remove: fc.nat(8),
      insert: fc.oneof(
        fc.uint8Array({ maxLength: 8 }),
        fc
          .constantFrom('"', '\\', '\\u0000', '\\ud800', '{', '}', '[', ':', ',', '-0', '1e999', '__proto__')
          .map((text) => Buffer.from(text)),
      ),
    });
    fc.assert(
      fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }), (edits) => {
        const bytes = edits.reduce(
          (before, { at, remove, insert }) =>
            Buffer.concat([before.subarray(0, at), insert, before.subarray(at + remove)]),
          good,
        );
        oneOutcome(recordOf(bytes));
      }),
      { numRuns: 10_000 },
    );
  });
});
