// Says which partition a tenant lives in. Every hop must agree, so there is one function: kafkajs' default partitioner (murmur2,
// the Java client's), held to kafkajs' own by a test in libs/kafka.

/** The partition (0 … partitions − 1) that a record with this key is produced to. */
export function partitionOf(key: string, partitions: number): number {
  return (murmur2(Buffer.from(key)) & 0x7fffffff) % partitions;
}

function murmur2(data: Buffer): number {
  const m = 0x5bd1e995;
  let h = 0x9747b28c ^ data.length;
  const blocks = data.length >> 2;
  for (let i = 0; i < blocks; i++) {
    let k = Math.imul(data.readInt32LE(i * 4), m);
    k = Math.imul(k ^ (k >>> 24), m);
    h = Math.imul(h, m) ^ k;
  }
  const tail = blocks * 4;
  const rest = data.length - tail;
  if (rest >= 3) h ^= (data[tail + 2] ?? 0) << 16;
  if (rest >= 2) h ^= (data[tail + 1] ?? 0) << 8;
  if (rest >= 1) {
    h ^= data[tail] ?? 0;
    h = Math.imul(h, m);
  }
  h = Math.imul(h ^ (h >>> 13), m);
  return h ^ (h >>> 15);
}
