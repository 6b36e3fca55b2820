// One pass over the bytes before JSON.parse sees them: what a parser hides afterwards (depth it would take, keys it would merge,
// numbers it would round, escapes that hold no character) is noted here.
import { survivesParsing } from './exact-number';

export interface JsonScan {
  /** Deepest nesting seen; the scan stops at the first level past the limit. */
  readonly depth: number;
  /** Colons outside strings. More of them than the parsed value has keys: a key stands twice. */
  readonly keys: number;
  /** Whether a \u escape occurs: only then can a NUL or half a surrogate pair be in the text. */
  readonly unicodeEscapes: boolean;
  /** The first number that JSON.parse would change. */
  readonly inexactNumber: string | undefined;
}

/** Says nothing about the grammar: on text that is not JSON the facts mean nothing and JSON.parse refuses it. */
export function scanJson(bytes: Buffer, maxDepth: number): JsonScan {
  const end = bytes.length;
  let level = 0;
  let depth = 0;
  let keys = 0;
  let unicodeEscapes = false;
  let inexactNumber: string | undefined;
  for (let i = 0; i < end; i++) {
    const byte = bytes[i] ?? 0;
    switch (byte) {
      case 0x22: {
        let inside = bytes[++i];
        while (inside !== 0x22 && i < end) {
          if (inside === 0x5c && bytes[++i] === 0x75) unicodeEscapes = true;
          inside = bytes[++i];
        }
        break;
      }
      case 0x7b: // {
      case 0x5b: // [
        if (++level > depth) depth = level;
        if (level > maxDepth) return { depth, keys, unicodeEscapes, inexactNumber };
        break;
      case 0x7d: // }
      case 0x5d: // ]
        level--;
        break;
      case 0x3a: // :
        keys++;
        break;
      case 0x2d: // -
      case 0x30: // 0 to 9
      case 0x31:
      case 0x32:
      case 0x33:
      case 0x34:
      case 0x35:
      case 0x36:
      case 0x37:
      case 0x38:
      case 0x39: {
        const start = i;
        let plain = true;
        for (;;) {
          const kind = numberBytes[bytes[i + 1] ?? 0];
          if (kind === 0) break;
          if (kind === 2) plain = false;
          i++;
        }
        // Up to 15 digits without an exponent always survive; a minus may stand before a zero.
        if (inexactNumber !== undefined || (plain && i - start < 15 && byte !== 0x2d)) break;
        const token = bytes.toString('latin1', start, i + 1);
        if (!survivesParsing(token)) inexactNumber = token;
        break;
      }
      default:
    }
  }
  return { depth, keys, unicodeEscapes, inexactNumber };
}

/** What can follow in a number: 1 digit or point, 2 sign or exponent, 0 anything else ends it. */
const numberBytes = Uint8Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return '0123456789.'.includes(char) ? 1 : '+-eE'.includes(char) ? 2 : 0;
});
