// Reads Kafka's wire format off a buffer. Every read is checked against the end: hostile lengths throw, they never read past it.

export class WireError extends Error {
  override readonly name = 'WireError';
}

export class ByteReader {
  constructor(
    readonly bytes: Buffer,
    public at = 0,
    readonly end = bytes.length,
  ) {}

  private take(length: number): number {
    const from = this.at;
    if (length < 0 || from + length > this.end)
      throw new WireError(`${length} bytes announced, ${this.end - from} left`);
    this.at = from + length;
    return from;
  }

  int8(): number {
    return this.bytes.readInt8(this.take(1));
  }

  int16(): number {
    return this.bytes.readInt16BE(this.take(2));
  }

  int32(): number {
    return this.bytes.readInt32BE(this.take(4));
  }

  /** Offsets, timestamps and producer ids: all of them stay below 2^53. */
  int64(): number {
    const from = this.take(8);
    return this.bytes.readInt32BE(from) * 0x1_0000_0000 + this.bytes.readUInt32BE(from + 4);
  }

  /** A zigzag varint of at most 32 bits. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= this.end) break;
      const byte = this.bytes[this.at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (value >>> 1) ^ -(value & 1);
    }
    throw new WireError('a varint does not end');
  }

  /** A zigzag varlong; deltas of timestamps, which stay below 2^53. */
  varlong(): number {
    let value = 0;
    let factor = 1;
    for (let length = 0; length < 10; length++) {
      if (this.at >= this.end) break;
      const byte = this.bytes[this.at++] ?? 0;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
      factor *= 128;
    }
    throw new WireError('a varlong does not end');
  }

  /** `null` for the length −1. A view, not a copy. */
  varintBytes(): Buffer | null {
    const length = this.varint();
    if (length === -1) return null;
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }

  string(): string {
    const length = this.int16();
    if (length === -1) return '';
    const from = this.take(length);
    return this.bytes.toString('utf8', from, from + length);
  }

  bytesOf(length: number): Buffer {
    const from = this.take(length);
    return this.bytes.subarray(from, from + length);
  }
}
