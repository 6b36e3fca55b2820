// Snappy as Kafka's Java client writes it: blocks behind the xerial header. librdkafka writes one bare block; both are read.
import { compress, uncompress } from 'snappyjs';
import { errorText } from '../errors';
import { ByteReader, WireError } from './byte-reader';

const xerialMagic = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const xerialHeader = Buffer.concat([xerialMagic, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const blockBytes = 64 * 1024;

export function unpackSnappy(packed: Buffer, maxBytes: number): Buffer {
  if (!packed.subarray(0, 8).equals(xerialMagic)) return unpackBlock(packed, maxBytes, maxBytes);
  const reader = new ByteReader(packed, xerialHeader.length);
  const blocks: Buffer[] = [];
  let total = 0;
  while (reader.at < reader.end) {
    // Streams that were joined carry the header again.
    if (packed.subarray(reader.at, reader.at + 8).equals(xerialMagic)) reader.bytesOf(xerialHeader.length);
    const block = unpackBlock(reader.bytesOf(reader.int32()), maxBytes - total, maxBytes);
    total += block.length;
    blocks.push(block);
  }
  return Buffer.concat(blocks, total);
}

export function packSnappy(plain: Buffer): Buffer {
  const parts: Buffer[] = [xerialHeader];
  for (let at = 0; at < plain.length; at += blockBytes) {
    const block = compress(plain.subarray(at, at + blockBytes));
    const length = Buffer.alloc(4);
    length.writeInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** `left` is what the batch may still grow by. */
function unpackBlock(block: Buffer, left: number, maxBytes: number): Buffer {
  // A block begins with its own length as a varint, seven bits a byte.
  let announced = 0;
  for (let index = 0; index < 5; index++) {
    const byte = block[index] ?? 0;
    announced += (byte & 0x7f) * 128 ** index;
    if (byte < 0x80) break;
  }
  if (announced > left) throw new WireError(`a snappy batch grows past ${maxBytes} bytes when it is decompressed`);
  try {
    return uncompress(block, left);
  } catch (error) {
    throw new WireError(`not snappy: ${errorText(error)}`, { cause: error });
  }
}
