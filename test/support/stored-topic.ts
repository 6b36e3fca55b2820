// What stands in `stored`, the topic that every forwarder reads, and whether it holds what the store holds.
import { decodeStoredHeaders } from '@auditlane/contracts';
import { consumeAll, eventually } from '@auditlane/testing';
import type { Line } from './line';
import { rowsOf } from './rows';

export interface StoredRecord {
  readonly tenant: string;
  readonly seq: number;
  readonly id: string;
  readonly value: string;
  readonly acceptedOffset: number;
  readonly partition: number;
  readonly offset: number;
}

/** In the order of their partition. */
export async function storedRecords({ names }: Line): Promise<StoredRecord[]> {
  return (await consumeAll(names.topic('stored'))).map(({ headers, value, partition, offset }) => {
    const facts = decodeStoredHeaders(headers);
    if (!facts)
      throw new Error(`the headers at ${partition}/${offset} of stored are not those that persistence writes`);
    const { tenant, seq, id, acceptedOffset } = facts;
    return { tenant, seq, id, acceptedOffset, value: value?.toString() ?? '', partition, offset };
  });
}

/** A tenant's records; repeats of a seq behind its first record are left out, as forwarders do. */
export async function firstRecordsOf(line: Line, tenant: string): Promise<StoredRecord[]> {
  const seen = new Set<number>();
  return (await storedRecords(line)).filter((record) => {
    if (record.tenant !== tenant || seen.has(record.seq)) return false;
    seen.add(record.seq);
    return true;
  });
}

/** Each row stands in `stored` with the same bytes, in order of seq by first appearance, and nothing else stands there. */
export async function expectTopicToMirrorRows(line: Line): Promise<void> {
  await eventually(
    async () => {
      const rows = await rowsOf(line);
      const records = await storedRecords(line);
      const known = new Map(rows.map((row) => [`${row.tenant} ${row.seq}`, row]));
      const reached = new Map<string, number>();
      for (const { tenant, seq, id, value, acceptedOffset } of records) {
        const row = known.get(`${tenant} ${seq}`);
        expect({ tenant, seq, id, value, acceptedOffset }).toEqual({
          tenant,
          seq,
          id: row?.id,
          value: row?.canonical,
          acceptedOffset: row?.acceptedOffset,
        });
        const last = reached.get(tenant) ?? 0;
        expect(seq).toBeLessThanOrEqual(last + 1);
        reached.set(tenant, Math.max(last, seq));
      }
      expect(records.length).toBeGreaterThanOrEqual(rows.length);
      expect(new Set(records.map(({ tenant, seq }) => `${tenant} ${seq}`)).size).toBe(rows.length);
      return true;
    },
    { timeoutMs: 30_000, everyMs: 200 },
  );
}
