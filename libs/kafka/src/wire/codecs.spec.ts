import * as fc from 'fast-check';
import { capDecompressedBytes, codecNames, compress, decompress, defaultDecompressedBytes } from './codecs';
import { lz4FrameBound } from './lz4-frame';

describe.each(codecNames.map((name, id) => ({ name, id })))('codec $name', ({ name, id }) => {
  afterEach(() => capDecompressedBytes(defaultDecompressedBytes));

  it('gives back what was packed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300_000, size: 'max' }), async (bytes) => {
        const plain = Buffer.from(bytes);
        expect((await decompress(id, await compress(name, plain))).equals(plain)).toBe(true);
      }),
      { numRuns: 10 },
    );
  });
});

describe.each(codecNames.map((name, id) => ({ name, id })).slice(1))('compressed by $name', ({ name, id }) => {
  afterEach(() => capDecompressedBytes(defaultDecompressedBytes));

  it('refuses a bomb before it has grown past the cap', async () => {
    const bomb = await compress(name, Buffer.alloc(8 << 20));
    capDecompressedBytes(1 << 20);
    await expect(decompress(id, bomb)).rejects.toThrow(/past 1048576 bytes/);
  });

  it('refuses bytes that are cut off', async () => {
    const whole = await compress(name, Buffer.from('an audit event '.repeat(1_000)));
    await expect(decompress(id, whole.subarray(0, whole.length - 20))).rejects.toThrow(/not |announced/);
  });
});

describe('lz4FrameBound', () => {
  it('is never below the real size, nor more than a block above it', async () => {
    for (const size of [0, 1, 1_000, 65_536, 65_537, 1_000_000, 9_000_000]) {
      const bound = lz4FrameBound(await compress('lz4', Buffer.alloc(size, 'audit')));
      expect(bound).toBeGreaterThanOrEqual(size);
      expect(bound).toBeLessThanOrEqual(size + 4 * 1024 * 1024);
    }
  });
});
