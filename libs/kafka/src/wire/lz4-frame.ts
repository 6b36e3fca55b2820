// Says how large an LZ4 frame can grow before anything is decompressed: the library that decompresses it has no cap of its own.
import { ByteReader, WireError } from './byte-reader';

const magic = 0x184d2204;
/** A byte of LZ4 stands for at most 255 bytes of output. */
const maxRatio = 255;

/** An upper bound, tight for frames as producers write them: blocks are full but for the last one. */
export function lz4FrameBound(frame: Buffer): number {
  const reader = new ByteReader(frame);
  let bound = 0;
  while (reader.at < reader.end) bound += boundOfFrame(reader);
  return bound;
}

function boundOfFrame(reader: ByteReader): number {
  const start = reader.bytesOf(6);
  if (start.readUInt32LE(0) !== magic) throw new WireError('not lz4: no frame begins here');
  const flags = start[4] ?? 0;
  const blockMaxBytes = 1 << (2 * (((start[5] ?? 0) >> 4) & 7) + 8);
  if (blockMaxBytes < 65_536) throw new WireError('not lz4: unknown block size');
  const blockChecksum = (flags & 0x10) === 0 ? 0 : 4;
  reader.bytesOf(((flags & 0x08) === 0 ? 0 : 8) + ((flags & 0x01) === 0 ? 0 : 4) + 1);
  let bound = 0;
  for (;;) {
    const size = reader.bytesOf(4).readUInt32LE(0);
    if (size === 0) break;
    const stored = size & 0x7fff_ffff;
    const compressed = size < 0x8000_0000;
    reader.bytesOf(stored + blockChecksum);
    bound += compressed ? Math.min(blockMaxBytes, stored * maxRatio) : stored;
  }
  reader.bytesOf((flags & 0x04) === 0 ? 0 : 4);
  return bound;
}
