// Our encoder of Produce requests, held to kafkajs' own, byte for byte.
import * as fc from 'fast-check';
import produceApi from 'kafkajs/src/protocol/requests/produce';
import { crc32c } from './crc32c';
import { encodeProduce, isPlain, type ProduceOptions } from './produce-request';

const now = 1_795_464_000_123;

const bytes = fc.uint8Array({ maxLength: 300 }).map((values) => Buffer.from(values));
const text = fc.string({ unit: 'binary', maxLength: 200 });
const message = fc.record({
  key: fc.option(fc.oneof(text, bytes)),
  value: fc.option(fc.oneof(text, bytes)),
  headers: fc.dictionary(text, fc.oneof(text, bytes, fc.array(fc.oneof(text, bytes), { maxLength: 3 })), {
    maxKeys: 12,
  }),
});
const topicData = fc.array(
  fc.record({
    topic: fc.stringMatching(/^[a-z.]{1,100}$/),
    partitions: fc.array(
      fc.record({
        partition: fc.nat(),
        firstSequence: fc.nat(),
        messages: fc.array(message, { minLength: 1, maxLength: 100 }),
      }),
      { maxLength: 4 },
    ),
  }),
  { maxLength: 3 },
);

async function kafkajsBytes(version: number, options: ProduceOptions): Promise<Buffer> {
  return (await produceApi.protocol({ version })(options).request.encode()).buffer;
}

describe('the encoder of Produce requests', () => {
  beforeAll(() => jest.useFakeTimers({ now, doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] }));
  afterAll(() => jest.useRealTimers());

  it.each([3, 7])('writes what kafkajs writes in version %i', async (version) => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(0, 1, -1), fc.nat({ max: 60_000 }), topicData, async (acks, timeout, topics) => {
        const options = { acks, timeout, producerEpoch: 0, topicData: topics };
        expect(encodeProduce(options, now).equals(await kafkajsBytes(version, options))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('writes lengths of every size as kafkajs does', async () => {
    const lengths = [0, 1, 23, 24, 25, 62, 63, 64, 65, 8190, 8191, 8192, 1_048_575, 1_048_576];
    const messages = lengths.flatMap((length) => [
      { key: null, value: Buffer.alloc(length, 1) },
      { key: 'ä'.repeat(length >> 4), value: 'x'.repeat(length), headers: { a: 'y'.repeat(length) } },
    ]);
    const options = {
      acks: -1,
      timeout: 30_000,
      topicData: [{ topic: 't', partitions: [{ partition: 0, messages }] }],
    };
    expect(encodeProduce(options, now).equals(await kafkajsBytes(3, options))).toBe(true);
  });

  it('leaves to kafkajs what it does not write itself', () => {
    const plain = {
      acks: -1,
      timeout: 1,
      topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: 'x' }] }] }],
    };
    expect(isPlain(plain)).toBe(true);
    expect(isPlain({ ...plain, compression: 0, transactionalId: null, producerId: -1 })).toBe(true);
    expect(isPlain({ ...plain, compression: 1 })).toBe(false);
    expect(isPlain({ ...plain, transactionalId: 'tx' })).toBe(false);
    expect(isPlain({ ...plain, producerId: 7 })).toBe(false);
    const dated = [{ topic: 't', partitions: [{ partition: 0, messages: [{ value: 'x', timestamp: '1' }] }] }];
    expect(isPlain({ ...plain, topicData: dated })).toBe(false);
    expect(isPlain({ ...plain, topicData: [{ topic: 't', partitions: [{ partition: 0, messages: [] }] }] })).toBe(
      false,
    );
  });
});

describe('CRC-32C', () => {
  it('is the one of the standard', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
    expect(crc32c(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(crc32c(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(crc32c(Buffer.from('xx123456789y'), 2, 11)).toBe(0xe3069283);
  });
});
