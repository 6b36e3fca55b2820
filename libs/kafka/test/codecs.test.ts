// Real batches of every codec through a real broker, and the batches that nobody can read: neighbours go on.
import { drop } from '@auditlane/contracts';
import { CompressionCodecs, CompressionTypes, Kafka, logLevel, type Producer } from 'kafkajs';
import type { KafkaRecord } from '../src';
import { type CodecName, compress } from '../src/wire/codecs';
import { connection, expectSoon, Fixture, textOf } from './transport';

const types = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
  zstd: CompressionTypes.ZSTD,
} as const;
const names = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

for (const name of ['snappy', 'lz4', 'zstd'] as const)
  CompressionCodecs[types[name]] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => compress(name, buffer),
    decompress: () => Promise.reject(new Error('this side only writes')),
  });

describe('a topic with batches of any codec', () => {
  let fixture: Fixture;
  let producer: Producer;
  const seen: KafkaRecord[] = [];
  const values = (): string[] => seen.map((record) => (record.undecodable ? record.undecodable.error : textOf(record)));

  beforeEach(async () => {
    seen.length = 0;
    fixture = new Fixture(1);
    const { clientId, brokers } = connection();
    producer = new Kafka({ clientId, brokers, logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
  });
  afterEach(async () => {
    await producer.disconnect();
    await fixture.dispose();
  });

  const start = (maxDecompressedBytes?: number) =>
    fixture.start(
      {
        handle: async ({ records }) => {
          seen.push(...records);
          return Promise.resolve(records.map(() => drop('unwanted')));
        },
      },
      maxDecompressedBytes === undefined ? {} : { maxDecompressedBytes },
    );
  const send = (codec: CodecName, ...texts: string[]) =>
    producer.send({
      topic: fixture.topic,
      compression: types[codec],
      messages: texts.map((value) => ({ value, headers: { codec } })),
    });

  it('is read whole, in order', async () => {
    const transport = await start();
    for (const name of names) await send(name, `${name} 1`, `${name} 2`);
    await expectSoon(() => expect(values()).toEqual(names.flatMap((name) => [`${name} 1`, `${name} 2`])));
    expect(seen.map(({ offset }) => offset)).toEqual(seen.map((_, index) => index));
    expect(seen.at(-1)?.headers['codec']?.toString()).toBe('zstd');
    expect(transport.crashes).toEqual([]);
  });

  it.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'loses only the batch when a %s bomb is in it, and does not grow by it',
    async (codec) => {
      const transport = await start(1 << 20);
      await send('none', 'before');
      const atRest = process.memoryUsage().rss;
      await send(codec, 'a'.repeat(12 << 20));
      await send('none', 'after');
      await expectSoon(() => expect(values()).toHaveLength(3));
      expect(values()).toEqual(['before', expect.stringMatching(/past 1048576 bytes/), 'after']);
      expect(seen[1]).toMatchObject({ offset: 1, undecodable: { lastOffset: 1 } });
      expect(process.memoryUsage().rss - atRest).toBeLessThan(256 << 20);
      expect(transport.crashes).toEqual([]);
      expect(await transport.registry.metrics()).toContain(
        `auditlane_kafka_undecodable_batches_total{topic="${fixture.topic}"} 1`,
      );
    },
  );
});
