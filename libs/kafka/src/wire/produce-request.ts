// Writes the body of a Produce request (versions 3 to 7, which are the same) in one pass into one buffer, byte for byte as kafkajs does. kafkajs
// makes a zeroed buffer of half a kilobyte for each record and each header and copies all bytes several times: with the headers that our events
// carry, that was most of what a hop cost.
import { ByteWriter, varIntBytes } from './byte-writer';
import { crc32c } from './crc32c';

type Bytes = Buffer | string;
type HeaderValue = Bytes | null | undefined;

export interface ProduceMessage {
  readonly key?: Bytes | null;
  readonly value: Bytes | null;
  readonly headers?: Readonly<Record<string, HeaderValue | readonly Bytes[]>>;
  readonly timestamp?: string;
}

export interface ProduceTopic {
  readonly topic: string;
  readonly partitions: readonly {
    readonly partition: number;
    readonly firstSequence?: number;
    readonly messages: readonly ProduceMessage[];
  }[];
}

export interface ProduceOptions {
  readonly acks: number;
  readonly timeout: number;
  readonly compression?: number | null;
  readonly transactionalId?: string | null;
  readonly producerId?: unknown;
  readonly producerEpoch?: number;
  readonly topicData: readonly ProduceTopic[];
}

/** What of a record batch stands before its records. */
const batchHeaderBytes = 61;
const crcAt = 17;
const attributesAt = 21;
const noProducer = -1;

/** Whether it is what we send: nothing compressed, nobody's sequence, and the broker's time. kafkajs writes everything else. */
export function isPlain({ compression, transactionalId, producerId, topicData }: ProduceOptions): boolean {
  if ((compression ?? 0) !== 0 || (transactionalId ?? null) !== null) return false;
  if (producerId !== undefined && Number(producerId) !== noProducer) return false;
  return topicData.every(({ partitions }) =>
    partitions.every(
      ({ messages }) => messages.length > 0 && messages.every(({ timestamp }) => (timestamp ?? null) === null),
    ),
  );
}

/** @param now milliseconds since the epoch; a topic with LogAppendTime puts the broker's own time in its place */
export function encodeProduce({ acks, timeout, producerEpoch = 0, topicData }: ProduceOptions, now: number): Buffer {
  const names = new HeaderNames();
  const topics = topicData.map(({ topic, partitions }) => ({
    topic,
    partitions: partitions.map((part) => ({
      ...part,
      sizes: part.messages.map((message, i) => sizeOf(message, i, names)),
    })),
  }));
  let total = 12;
  for (const { topic, partitions } of topics) {
    total += 6 + Buffer.byteLength(topic);
    for (const { sizes } of partitions) total += 8 + batchHeaderBytes + recordsBytes(sizes);
  }

  const out = new ByteWriter(Buffer.allocUnsafe(total));
  out.int16(-1);
  out.int16(acks);
  out.int32(timeout);
  out.int32(topics.length);
  for (const { topic, partitions } of topics) {
    out.string(topic);
    out.int32(partitions.length);
    for (const { partition, messages, sizes, firstSequence = 0 } of partitions) {
      out.int32(partition);
      out.int32(batchHeaderBytes + recordsBytes(sizes));
      const start = out.offset;
      out.int64(0);
      out.int32(batchHeaderBytes - 12 + recordsBytes(sizes));
      out.int32(0);
      out.int8(2);
      out.int32(0);
      out.int16(0);
      out.int32(messages.length - 1);
      out.int64(now);
      out.int64(now);
      out.int64(noProducer);
      out.int16(producerEpoch);
      out.int32(firstSequence);
      out.int32(messages.length);
      messages.forEach((message, i) => writeRecord(out, message, i, sizes[i] ?? 0, names));
      out.buffer.writeUInt32BE(crc32c(out.buffer, start + attributesAt, out.offset), start + crcAt);
    }
  }
  return out.buffer;
}

const recordsBytes = (sizes: readonly number[]): number =>
  sizes.reduce((sum, size) => sum + varIntBytes(size) + size, 0);

/** The same few names stand in every record of a request: each is encoded once, with its length. */
class HeaderNames {
  private readonly known = new Map<string, Buffer>();

  encoded(name: string): Buffer {
    let bytes = this.known.get(name);
    if (!bytes) {
      const length = Buffer.byteLength(name);
      const out = new ByteWriter(Buffer.allocUnsafe(varIntBytes(length) + length));
      out.varInt(length);
      out.text(name, length);
      this.known.set(name, (bytes = out.buffer));
    }
    return bytes;
  }
}

const lengthOf = (value: Bytes): number => (typeof value === 'string' ? Buffer.byteLength(value) : value.length);

function fieldBytes(value: HeaderValue): number {
  if (value === null || value === undefined) return 1;
  const length = lengthOf(value);
  return varIntBytes(length) + length;
}

function writeField(out: ByteWriter, value: HeaderValue): void {
  if (value === null || value === undefined) return out.varInt(-1);
  const length = lengthOf(value);
  out.varInt(length);
  if (typeof value === 'string') out.text(value, length);
  else out.bytes(value);
}

/** Bytes of a record after its length: attributes and a time difference of zero, one byte each, then what differs. */
function sizeOf({ key, value, headers = {} }: ProduceMessage, at: number, names: HeaderNames): number {
  let size = 2 + varIntBytes(at) + fieldBytes(key) + fieldBytes(value);
  let count = 0;
  for (const name of Object.keys(headers)) {
    const nameBytes = names.encoded(name).length;
    const field = headers[name];
    if (isList(field)) {
      for (const item of field) size += nameBytes + fieldBytes(item);
      count += field.length;
    } else {
      size += nameBytes + fieldBytes(field);
      count++;
    }
  }
  return size + varIntBytes(count);
}

function writeRecord(out: ByteWriter, message: ProduceMessage, at: number, size: number, names: HeaderNames): void {
  const { key, value, headers = {} } = message;
  out.varInt(size);
  out.int8(0);
  out.varInt(0);
  out.varInt(at);
  writeField(out, key);
  writeField(out, value);
  let count = 0;
  const keys = Object.keys(headers);
  for (const name of keys) {
    const field = headers[name];
    count += isList(field) ? field.length : 1;
  }
  out.varInt(count);
  for (const name of keys) {
    const field = headers[name];
    for (const item of isList(field) ? field : [field]) {
      out.bytes(names.encoded(name));
      writeField(out, item);
    }
  }
}

const isList = (field: HeaderValue | readonly Bytes[]): field is readonly Bytes[] => Array.isArray(field);
