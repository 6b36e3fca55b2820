// CRC-32C (Castagnoli), eight bytes a step: each record batch carries one over all its bytes, and Node has only the other CRC-32.

const slices = 8;
const tables = makeTables();

export function crc32c(bytes: Buffer, from = 0, to = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const t = tables;
  let crc = -1;
  let at = from;
  for (; at + slices <= to; at += slices) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      entry(t, 7, low & 0xff) ^
      entry(t, 6, (low >>> 8) & 0xff) ^
      entry(t, 5, (low >>> 16) & 0xff) ^
      entry(t, 4, low >>> 24) ^
      entry(t, 3, high & 0xff) ^
      entry(t, 2, (high >>> 8) & 0xff) ^
      entry(t, 1, (high >>> 16) & 0xff) ^
      entry(t, 0, high >>> 24);
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ entry(t, 0, (crc ^ view.getUint8(at)) & 0xff);
  return ~crc >>> 0;
}

function entry(all: Int32Array, slice: number, byte: number): number {
  return all[(slice << 8) | byte] ?? 0;
}

function makeTables(): Int32Array {
  const all = new Int32Array(slices * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
    all[byte] = crc;
  }
  for (let slice = 1; slice < slices; slice++)
    for (let byte = 0; byte < 256; byte++) {
      const before = entry(all, slice - 1, byte);
      all[(slice << 8) | byte] = (before >>> 8) ^ entry(all, 0, before & 0xff);
    }
  return all;
}
