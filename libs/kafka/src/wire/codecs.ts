// The four codecs of Kafka, each with a cap on what a batch may grow to: one megabyte of zeros packs a gigabyte, and a producer's mistake
// must cost one quarantined batch, not the memory of the process.
import { promisify } from 'node:util';
import { gunzip, gzip, zstdCompress, zstdDecompress } from 'node:zlib';
import { compressFrame, decompressFrame } from 'lz4-napi';
import { errorText } from '../errors';
import { WireError } from './byte-reader';
import { lz4FrameBound } from './lz4-frame';
import { packSnappy, unpackSnappy } from './snappy-blocks';

export const codecNames = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
export type CodecName = (typeof codecNames)[number];

export const defaultDecompressedBytes = 64 * 1024 * 1024;
const cap = { bytes: defaultDecompressedBytes };

/** The cap holds for the process: the decoder sits below all consumers. */
export function capDecompressedBytes(bytes: number): void {
  cap.bytes = bytes;
}
export const decompressedBytesCap = (): number => cap.bytes;

const gunzipAsync = promisify(gunzip);
const gzipAsync = promisify(gzip);
const zstdDecompressAsync = promisify(zstdDecompress);
const zstdCompressAsync = promisify(zstdCompress);

interface Codec {
  pack(plain: Buffer): Buffer | Promise<Buffer>;
  unpack(packed: Buffer): Buffer | Promise<Buffer>;
}

const options = () => ({ maxOutputLength: cap.bytes, chunkSize: 256 * 1024 });

const codecs: Readonly<Record<CodecName, Codec>> = {
  none: { pack: (plain) => plain, unpack: (packed) => packed },
  gzip: {
    pack: (plain) => gzipAsync(plain),
    unpack: (packed) => gunzipAsync(packed, options()).catch(explain('gzip')),
  },
  snappy: { pack: packSnappy, unpack: (packed) => unpackSnappy(packed, cap.bytes) },
  lz4: {
    pack: (plain) => compressFrame(plain),
    unpack: (packed) => {
      if (lz4FrameBound(packed) > cap.bytes) throw tooBig('lz4');
      return decompressFrame(packed).catch(explain('lz4'));
    },
  },
  zstd: {
    pack: (plain) => zstdCompressAsync(plain),
    unpack: (packed) => zstdDecompressAsync(packed, options()).catch(explain('zstd')),
  },
};

/** Throws where the codec is unknown, the bytes are not of it, or they would grow past the cap. */
export async function decompress(codec: number, packed: Buffer): Promise<Buffer> {
  const name = codecNames[codec];
  if (name === undefined) throw new WireError(`compression codec ${codec} is unknown`);
  return codecs[name].unpack(packed);
}

export async function compress(name: CodecName, plain: Buffer): Promise<Buffer> {
  return codecs[name].pack(plain);
}

const tooBig = (name: string): WireError =>
  new WireError(`a ${name} batch grows past ${cap.bytes} bytes when it is decompressed`);

const explain =
  (name: string) =>
  (error: unknown): never => {
    if (codeOf(error) === 'ERR_BUFFER_TOO_LARGE') throw tooBig(name);
    throw new WireError(`not ${name}: ${errorText(error)}`);
  };

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
