// Decodes the record batches of one partition (message format v2). What cannot be read becomes one record that says so: a batch with an
// unknown codec, a bomb or garbage in it must neither stop its partition nor crash the consumer again and again, as it does in kafkajs.
import type { IncomingHeaders } from '@auditlane/contracts';
import type { KafkaRecord } from '../records';
import { errorText } from '../errors';
import { ByteReader, WireError } from './byte-reader';
import { decompress } from './codecs';
import { crc32c } from './crc32c';

/** A record as kafkajs' own consumer handles it: it drops control records by `isControlRecord` and moves past them. */
export class DecodedRecord implements KafkaRecord {
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly offset: number,
    readonly timestamp: number,
    readonly key: Buffer | null,
    readonly value: Buffer | null,
    readonly headers: IncomingHeaders,
    /** Marks what no handler may see: control records, and what stands in for aborted or compacted batches. */
    readonly isControlRecord: boolean,
    readonly undecodable: { readonly lastOffset: number; readonly error: string } | undefined,
  ) {}
}

export interface AbortedTransaction {
  readonly producerId: number;
  readonly firstOffset: number;
}

export interface PartitionSlice {
  readonly topic: string;
  readonly partition: number;
  /** The offset asked for: a batch that begins below it has records that were seen before. */
  readonly fetchOffset: number;
  readonly highWatermark: number;
  readonly recordSet: Buffer;
  readonly aborted: readonly AbortedTransaction[];
}

/** How much a response may still grow to in memory; the first batch of a partition is always decoded, within the codec's own cap. */
export interface Budget {
  bytes: number;
}

const excerptBytes = 4096;
const headerBytes = 61;
const lengthAt = 12;
const crcAt = 17;
const attributesAt = 21;
const transactionalFlag = 0x10;
const controlFlag = 0x20;
const logAppendTimeFlag = 0x08;
const noHeaders: IncomingHeaders = Object.freeze({});

/** Its last offset is under the checksum too: believed only as far as the next batch and the end of the log, so that nothing good is skipped. */
class CorruptBatchError extends WireError {
  constructor(readonly lastOffset: number) {
    super('the checksum of the record batch does not match its bytes');
  }
}

interface BatchHeader {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly codec: number;
  readonly transactional: boolean;
  readonly control: boolean;
  /** Set where the topic stamps records with LogAppendTime. */
  readonly appendTime: number | undefined;
  readonly firstTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly count: number;
}

export async function decodeRecordSet(slice: PartitionSlice, budget: Budget): Promise<DecodedRecord[]> {
  const { recordSet } = slice;
  const records: DecodedRecord[] = [];
  const aborted = [...slice.aborted].sort((a, b) => a.firstOffset - b.firstOffset);
  const aborting = new Set<number>();
  let at = 0;
  // A fetch ends wherever its byte limit fell: an incomplete batch at the end comes whole with the next one.
  while (at + lengthAt <= recordSet.length) {
    const end = at + lengthAt + recordSet.readInt32BE(at + 8);
    if (end > recordSet.length) break;
    if (records.length > 0 && budget.bytes <= 0) break;
    const bytes = recordSet.subarray(at, Math.max(end, at + lengthAt));
    const header = readHeader(bytes);
    if (header instanceof WireError) {
      const baseOffset = new ByteReader(bytes).int64();
      const claimed = header instanceof CorruptBatchError ? header.lastOffset : baseOffset;
      const lastOffset = Math.min(claimed, slice.highWatermark - 1, baseOffsetAt(recordSet, end) - 1);
      records.push(undecodable(slice, baseOffset, lastOffset, 0, bytes, header.message));
      if (end <= at + lengthAt) break;
      at = end;
      continue;
    }
    at = end;
    if (header.lastOffset < slice.fetchOffset) continue;
    while (aborted[0] && aborted[0].firstOffset <= header.lastOffset) aborting.add(aborted.shift()?.producerId ?? -1);
    if (header.control) {
      if (endsTransactionByAbort(bytes)) aborting.delete(header.producerId);
      records.push(skipped(slice, header));
    } else if (header.transactional && aborting.has(header.producerId)) {
      records.push(skipped(slice, header));
    } else {
      await decodeBatch(slice, header, bytes, budget, records);
    }
  }
  return records;
}

/** Infinity where no batch begins. */
const baseOffsetAt = (recordSet: Buffer, at: number): number =>
  at + 8 > recordSet.length ? Number.POSITIVE_INFINITY : new ByteReader(recordSet, at).int64();

async function decodeBatch(
  slice: PartitionSlice,
  header: BatchHeader,
  bytes: Buffer,
  budget: Budget,
  into: DecodedRecord[],
): Promise<void> {
  const before = into.length;
  try {
    const packed = bytes.subarray(headerBytes);
    const plain = header.codec === 0 ? packed : await decompress(header.codec, packed);
    budget.bytes -= plain.length;
    readRecords(slice, header, plain, into);
    if (into.length === before) into.push(skipped(slice, header));
  } catch (error) {
    into.length = before;
    into.push(undecodable(slice, header.baseOffset, header.lastOffset, header.maxTimestamp, bytes, errorText(error)));
  }
}

function readHeader(bytes: Buffer): BatchHeader | WireError {
  if (bytes.length < headerBytes) return new WireError(`a record batch of ${bytes.length} bytes has no header`);
  const reader = new ByteReader(bytes);
  const baseOffset = reader.int64();
  reader.at = 16;
  const magic = reader.int8();
  if (magic !== 2) return new WireError(`message format ${magic} is not supported, only 2`);
  reader.at = attributesAt;
  const attributes = reader.int16();
  const lastOffsetDelta = reader.int32();
  const firstTimestamp = reader.int64();
  const maxTimestamp = reader.int64();
  const producerId = reader.int64();
  reader.at = 57;
  const count = reader.int32();
  if (bytes.readUInt32BE(crcAt) !== crc32c(bytes, attributesAt))
    return new CorruptBatchError(baseOffset + lastOffsetDelta);
  if (lastOffsetDelta < 0) return new WireError(`a record batch ends ${-lastOffsetDelta} offsets before it begins`);
  return {
    baseOffset,
    lastOffset: baseOffset + lastOffsetDelta,
    codec: attributes & 0x07,
    transactional: (attributes & transactionalFlag) !== 0,
    control: (attributes & controlFlag) !== 0,
    appendTime: (attributes & logAppendTimeFlag) === 0 ? undefined : maxTimestamp,
    firstTimestamp,
    maxTimestamp,
    producerId,
    count,
  };
}

function readRecords(slice: PartitionSlice, header: BatchHeader, plain: Buffer, into: DecodedRecord[]): void {
  const { topic, partition, fetchOffset } = slice;
  const { baseOffset, lastOffset, appendTime, firstTimestamp, count } = header;
  const reader = new ByteReader(plain);
  const names = new HeaderNames();
  let previous = baseOffset - 1;
  for (let index = 0; index < count; index++) {
    const length = reader.varint();
    const end = reader.at + length;
    if (length < 0 || end > plain.length) throw new WireError(`record ${index} is longer than its batch`);
    reader.at += 1;
    const timestampDelta = reader.varlong();
    const offset = baseOffset + reader.varint();
    if (offset <= previous || offset > lastOffset) throw new WireError(`record ${index} has an offset out of order`);
    previous = offset;
    const key = reader.varintBytes();
    const value = reader.varintBytes();
    const headers = readHeaders(reader, names);
    if (reader.at !== end) throw new WireError(`record ${index} does not end where it says`);
    if (offset < fetchOffset) continue;
    const timestamp = appendTime ?? firstTimestamp + timestampDelta;
    into.push(new DecodedRecord(topic, partition, offset, timestamp, key, value, headers, false, undefined));
  }
  if (reader.at !== plain.length) throw new WireError(`${plain.length - reader.at} bytes after the last record`);
}

function readHeaders(reader: ByteReader, names: HeaderNames): IncomingHeaders {
  const count = reader.varint();
  if (count <= 0) return noHeaders;
  const headers: Record<string, Buffer | Buffer[] | undefined> = {};
  for (let index = 0; index < count; index++) {
    const name = names.read(reader, index);
    const value = reader.varintBytes() ?? undefined;
    // An own property by any name, `__proto__` too, and never one inherited.
    if (name === '__proto__') Object.defineProperty(headers, name, { value, enumerable: true, configurable: true });
    else if (Object.hasOwn(headers, name) && value) headers[name] = joined(headers[name], value);
    else headers[name] = value;
  }
  return headers;
}

const joined = (seen: Buffer | Buffer[] | undefined, value: Buffer): Buffer | Buffer[] =>
  seen === undefined ? value : Array.isArray(seen) ? [...seen, value] : [seen, value];

/** Records of one topic carry the same header names in the same order: comparing bytes is cheaper than making the strings again. */
class HeaderNames {
  private readonly names: string[] = [];

  read(reader: ByteReader, index: number): string {
    const length = reader.varint();
    const known = this.names[index];
    if (known?.length === length && reader.at + length <= reader.end && same(known, reader)) {
      reader.at += length;
      return known;
    }
    const name = reader.bytesOf(length).toString();
    // Only ASCII names are compared byte by byte.
    if (index < 32 && name.length === length) this.names[index] = name;
    return name;
  }
}

function same(known: string, reader: ByteReader): boolean {
  for (let index = 0; index < known.length; index++)
    if (known.charCodeAt(index) !== reader.bytes[reader.at + index]) return false;
  return true;
}

/** The key of a control record is its version and its type: 0 aborts, 1 commits. */
function endsTransactionByAbort(bytes: Buffer): boolean {
  try {
    const reader = new ByteReader(bytes, headerBytes);
    reader.varint();
    reader.at += 1;
    reader.varlong();
    reader.varint();
    return reader.varintBytes()?.readInt16BE(2) === 0;
  } catch {
    return false;
  }
}

const skipped = (slice: PartitionSlice, header: BatchHeader): DecodedRecord =>
  new DecodedRecord(
    slice.topic,
    slice.partition,
    header.lastOffset,
    header.maxTimestamp,
    null,
    null,
    noHeaders,
    true,
    undefined,
  );

function undecodable(
  slice: PartitionSlice,
  baseOffset: number,
  lastOffset: number,
  timestamp: number,
  bytes: Buffer,
  error: string,
): DecodedRecord {
  const offset = Math.max(baseOffset, slice.fetchOffset);
  const excerpt = Buffer.from(bytes.subarray(headerBytes, headerBytes + excerptBytes));
  return new DecodedRecord(slice.topic, slice.partition, offset, timestamp, null, excerpt, noHeaders, false, {
    lastOffset: Math.max(lastOffset, offset),
    error,
  });
}
