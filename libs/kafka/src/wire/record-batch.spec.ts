import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { capDecompressedBytes, defaultDecompressedBytes } from './codecs';
import { crc32c } from './crc32c';
import { decodeRecordSet, type DecodedRecord, type PartitionSlice } from './record-batch';

const fixtures: unknown = JSON.parse(
  readFileSync(join(__dirname, '../../test/fixtures/java-client-batches.json'), 'utf8'),
);
function fixture(name: string): Buffer {
  if (typeof fixtures !== 'object' || fixtures === null || !(name in fixtures)) throw new Error(`no fixture ${name}`);
  return Buffer.from(String(Reflect.get(fixtures, name)), 'base64');
}

const slice = (recordSet: Buffer, more: Partial<PartitionSlice> = {}): PartitionSlice => ({
  topic: 'audit.events',
  partition: 3,
  fetchOffset: 0,
  highWatermark: 1_000,
  recordSet,
  aborted: [],
  ...more,
});
const decode = (
  recordSet: Buffer,
  more: Partial<PartitionSlice> = {},
  budget = { bytes: 1e9 },
): Promise<DecodedRecord[]> => decodeRecordSet(slice(recordSet, more), budget);
/** With the checksum that its bytes have now. */
function sealed(batch: Buffer): Buffer {
  batch.writeUInt32BE(crc32c(batch, 21), 17);
  return batch;
}
const copyOf = (name: string): Buffer => Buffer.from(fixture(name));
const at = { attributes: 21, count: 57, offset: 0, lastOffsetDelta: 23, producerId: 43 };

const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

describe('decodeRecordSet', () => {
  afterEach(() => capDecompressedBytes(defaultDecompressedBytes));

  it.each(codecs)('reads what the Java client writes with %s', async (codec) => {
    const records = await decode(fixture(codec));
    expect(records.map(({ offset, key, value }) => [offset, key?.toString(), value?.toString()])).toEqual(
      [0, 1, 2].map((n) => [100 + n, n === 1 ? undefined : `key${n}`, `value ${n} `.repeat(20)]),
    );
    expect(records[0]).toMatchObject({ topic: 'audit.events', partition: 3, timestamp: 1_700_000_000_000 });
    expect(records[2]).toMatchObject({ timestamp: 1_700_000_000_002, undecodable: undefined });
    expect(records[1]?.headers).toEqual({
      tenant: Buffer.from('acme'),
      twice: [Buffer.from('1'), Buffer.from('2')],
      nothing: undefined,
    });
  });

  it.each(['snappy-blocks', 'lz4-blocks'])('reads %s: a batch of several compressed blocks', async (name) => {
    const [record] = await decode(fixture(name));
    expect(record?.value?.every((byte) => byte === 0x61)).toBe(true);
    expect(record?.value?.length).toBeGreaterThanOrEqual(40_000);
  });

  it('leaves out the records before the offset that was asked for', async () => {
    const records = await decode(fixture('lz4'), { fetchOffset: 102 });
    expect(records.map(({ offset }) => offset)).toEqual([102]);
  });

  it('gives one record for a batch of an unknown codec, and goes on with the next batch', async () => {
    const unknown = copyOf('none');
    unknown.writeInt16BE(6, at.attributes);
    const next = copyOf('gzip');
    next.writeBigInt64BE(103n, at.offset);
    const records = await decode(Buffer.concat([sealed(unknown), next]));
    expect(records.map(({ offset }) => offset)).toEqual([100, 103, 104, 105]);
    expect(records[0]).toMatchObject({
      undecodable: { lastOffset: 102, error: 'compression codec 6 is unknown' },
      value: unknown.subarray(61),
    });
  });

  it.each(['gzip', 'snappy-blocks', 'lz4-blocks', 'zstd'])(
    'gives one record for a %s batch that grows past the cap, without growing it',
    async (name) => {
      capDecompressedBytes(100);
      const [record, ...others] = await decode(fixture(name));
      expect(others).toEqual([]);
      expect(record?.undecodable?.error).toMatch(/past 100 bytes/);
    },
  );

  it('keeps the first 4 KiB of what it could not read', async () => {
    const batch = Buffer.concat([copyOf('none').subarray(0, 61), Buffer.alloc(10_000, 1)]);
    batch.writeInt32BE(batch.length - 12, 8);
    const [record] = await decode(sealed(batch));
    expect(record?.value).toHaveLength(4096);
  });

  it('gives one record for a batch whose checksum does not match, and skips no offset on its word', async () => {
    const spoiled = copyOf('none');
    spoiled.writeInt32BE(1_000_000, at.lastOffsetDelta);
    const next = copyOf('gzip');
    next.writeBigInt64BE(103n, at.offset);
    const followed = await decode(Buffer.concat([spoiled, next]));
    expect(followed.map(({ offset }) => offset)).toEqual([100, 103, 104, 105]);
    expect(followed[0]?.undecodable).toEqual({
      lastOffset: 102,
      error: 'the checksum of the record batch does not match its bytes',
    });
    expect((await decode(spoiled, { highWatermark: 103 }))[0]?.undecodable?.lastOffset).toBe(102);
    const inside = await decode(spoiled, { fetchOffset: 101, highWatermark: 101 });
    expect(inside[0]).toMatchObject({ offset: 101, undecodable: { lastOffset: 101 } });
  });

  it('gives one record for a message format that Kafka no longer writes', async () => {
    const old = copyOf('none');
    old.writeInt8(1, 16);
    const [record] = await decode(old);
    expect(record?.undecodable).toEqual({ lastOffset: 100, error: 'message format 1 is not supported, only 2' });
  });

  it('leaves a batch that ends behind the fetched bytes for the next fetch', async () => {
    const whole = fixture('none');
    const next = copyOf('none');
    next.writeBigInt64BE(103n, at.offset);
    const records = await decode(Buffer.concat([whole, next.subarray(0, 200)]));
    expect(records.map(({ offset }) => offset)).toEqual([100, 101, 102]);
  });

  it('stops at the budget of a response, but never before one batch', async () => {
    const second = copyOf('zstd');
    second.writeBigInt64BE(103n, at.offset);
    const both = Buffer.concat([fixture('zstd'), second]);
    expect((await decode(both, {}, { bytes: 10 })).map(({ offset }) => offset)).toEqual([100, 101, 102]);
  });

  it('keeps headers by any name as values and nothing else', async () => {
    const batch = copyOf('none');
    const name = batch.indexOf('tenant');
    batch.write('__prot', name);
    const [record] = await decode(sealed(batch));
    expect(Object.keys(record?.headers ?? {})).toEqual(['__prot', 'twice', 'nothing']);
    expect(Object.getPrototypeOf(record?.headers)).toBe(Object.prototype);
  });

  describe('of transactions', () => {
    const transactional = (producerId: number, offset: number): Buffer => {
      const batch = copyOf('none');
      batch.writeInt16BE(0x10, at.attributes);
      batch.writeBigInt64BE(BigInt(producerId), at.producerId);
      batch.writeBigInt64BE(BigInt(offset), at.offset);
      return sealed(batch);
    };
    const marker = (producerId: number, offset: number, type: 0 | 1): Buffer => {
      // length, attributes, timestamp delta, offset delta, key of 4, value of 6, no headers
      const record = Buffer.from([32, 0, 0, 0, 8, 0, 0, 0, type, 12, 0, 0, 0, 0, 0, 0, 0]);
      const batch = Buffer.concat([copyOf('none').subarray(0, 61), record]);
      batch.writeInt32BE(batch.length - 12, 8);
      batch.writeInt16BE(0x30, at.attributes);
      batch.writeInt32BE(0, at.lastOffsetDelta);
      batch.writeInt32BE(1, at.count);
      batch.writeBigInt64BE(BigInt(producerId), at.producerId);
      batch.writeBigInt64BE(BigInt(offset), at.offset);
      return sealed(batch);
    };

    it('shows neither markers nor aborted records, and moves past them', async () => {
      const set = Buffer.concat([
        transactional(7, 100),
        transactional(8, 103),
        marker(7, 106, 0),
        transactional(7, 107),
        marker(7, 110, 1),
      ]);
      const records = await decode(set, { aborted: [{ producerId: 7, firstOffset: 100 }] });
      const seen = records.filter(({ isControlRecord }) => !isControlRecord).map(({ offset }) => offset);
      expect(seen).toEqual([103, 104, 105, 107, 108, 109]);
      expect(records.at(-1)).toMatchObject({ offset: 110, isControlRecord: true });
    });
  });

  it('never throws and never goes backwards, whatever bytes of a batch are changed', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...codecs),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.boolean(),
        async (codec, changes, resealed) => {
          capDecompressedBytes(1 << 20);
          const batch = copyOf(codec);
          for (const [place, byte] of changes) batch[12 + (place % (batch.length - 12))] = byte;
          const records = await decode(resealed ? sealed(batch) : batch);
          let last = -Infinity;
          for (const { offset, undecodable } of records) {
            expect(offset).toBeGreaterThan(last);
            last = undecodable?.lastOffset ?? offset;
          }
          expect(records.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
