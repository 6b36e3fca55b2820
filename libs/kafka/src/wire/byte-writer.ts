// Writes Kafka's primitive types into one buffer that is large enough from the start.

/** Bytes that `varInt` takes for a number that is not negative. */
export function varIntBytes(value: number): number {
  let bytes = 1;
  for (let rest = value * 2; rest > 127; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}

export class ByteWriter {
  offset = 0;

  constructor(readonly buffer: Buffer) {}

  int8(value: number): void {
    this.offset = this.buffer.writeInt8(value, this.offset);
  }

  int16(value: number): void {
    this.offset = this.buffer.writeInt16BE(value, this.offset);
  }

  int32(value: number): void {
    this.offset = this.buffer.writeInt32BE(value, this.offset);
  }

  int64(value: number): void {
    this.offset = this.buffer.writeBigInt64BE(BigInt(value), this.offset);
  }

  /** Zigzag; `value` is −1 (for null) or a length or count. */
  varInt(value: number): void {
    if (value < 0) {
      this.buffer[this.offset++] = 1;
      return;
    }
    let rest = value * 2;
    for (; rest > 127; rest = Math.floor(rest / 128)) this.buffer[this.offset++] = (rest & 0x7f) | 0x80;
    this.buffer[this.offset++] = rest;
  }

  bytes(value: Buffer): void {
    this.offset += value.copy(this.buffer, this.offset);
  }

  /** `length` is the text's length in UTF-8, which whoever writes it had to know before. */
  text(value: string, length: number): void {
    // A call into the runtime costs more than copying a short name or number by hand.
    if (length === value.length && length <= shortText) {
      for (let i = 0; i < length; i++) this.buffer[this.offset + i] = value.charCodeAt(i);
      this.offset += length;
      return;
    }
    this.offset += this.buffer.write(value, this.offset, 'utf8');
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.int16(length);
    this.text(value, length);
  }
}

const shortText = 24;
