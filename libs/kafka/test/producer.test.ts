// What is sent arrives, in order, however large, and nobody who lost a partition goes on sending.
import { partitionOf, type OutgoingRecord } from '@auditlane/contracts';
import { consumeAll } from '@auditlane/testing';
import { assertTopics, BatchProducer } from '../src';
import { connection, Fixture, logger, textOf } from './transport';

describe('BatchProducer', () => {
  const fixture = new Fixture(3);
  const producers: BatchProducer[] = [];
  const made = async (more: { maxRequestBytes?: number; partitions?: number } = {}): Promise<BatchProducer> => {
    const producer = new BatchProducer({ connection: connection(), logger, ...more });
    await producer.connect();
    producers.push(producer);
    return producer;
  };
  const record = (value: string | Buffer, more: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
    topic: fixture.topic,
    key: 'acme',
    value: Buffer.from(value),
    headers: { tenant: 'acme', raw: Buffer.from([0xff]) },
    ...more,
  });
  beforeAll(() =>
    assertTopics({
      connection: connection(),
      names: fixture.names,
      topics: ['accepted', 'stored', 'rejected'],
      partitions: 3,
      createTopics: true,
      logger,
    }),
  );
  afterAll(() => Promise.all(producers.map((producer) => producer.disconnect())));

  it('keeps the order of a partition over requests and over concurrent sends', async () => {
    const producer = await made({ partitions: 3, maxRequestBytes: 400 });
    const sends = Array.from({ length: 20 }, (_, send) =>
      producer.send(Array.from({ length: 10 }, (_record, index) => record(`${send * 10 + index}`))),
    );
    expect(new Set(await Promise.all(sends))).toEqual(new Set(['acknowledged']));
    const values = (await consumeAll(fixture.topic)).map(textOf);
    expect(values).toEqual(Array.from({ length: 200 }, (_, index) => String(index)));
  });

  it('sends more than a request can hold, split by bytes', async () => {
    const producer = await made({ partitions: 3 });
    const topic = fixture.names.topic('stored');
    const big = Array.from({ length: 12 }, (_, index) => record(Buffer.alloc(250_000, index), { topic, partition: 2 }));
    await expect(producer.send(big)).resolves.toBe('acknowledged');
    const stored = await consumeAll(topic);
    expect(stored.map(({ value, partition }) => [partition, value?.length, value?.[0]])).toEqual(
      big.map((_, index) => [2, 250_000, index]),
    );
  });

  it('halves a request that the broker finds too large, and fails only with a record that is too large alone', async () => {
    const producer = await made({ partitions: 3, maxRequestBytes: 50_000_000 });
    const topic = fixture.names.topic('rejected');
    const fits = Array.from({ length: 8 }, (_, index) => record(Buffer.alloc(300_000, index), { topic, partition: 1 }));
    await expect(producer.send(fits)).resolves.toBe('acknowledged');
    await expect(
      producer.send([record(Buffer.alloc(2_000_000), { topic, partition: 1 }), record('b', { topic, partition: 2 })]),
    ).rejects.toMatchObject({ type: 'MESSAGE_TOO_LARGE' });
    // What shares a request with a record that is refused may be written twice, never lost.
    const rejected = new Set((await consumeAll(topic)).map(({ partition, value }) => `${partition}:${value?.length}`));
    expect(rejected).toEqual(new Set(['1:300000', '2:1']));
  });

  it('sends a tenant to the partition that every hop agrees on, also where it has to ask for their number', async () => {
    const producer = await made();
    const topic = fixture.names.topic('accepted');
    await producer.send([record('by key', { key: 'globex' })]);
    const found = (await consumeAll(topic)).find((item) => textOf(item) === 'by key');
    expect(found).toMatchObject({
      partition: partitionOf('globex', 3),
      headers: { tenant: Buffer.from('acme'), raw: Buffer.from([0xff]) },
    });
  });

  it('starts no request for an owner who lost the partition, and waits for one who cannot know', async () => {
    const producer = await made({ partitions: 3 });
    const before = (await consumeAll(fixture.topic)).length;
    const lost = AbortSignal.abort('lost');
    await expect(producer.send([record('lost')], { signal: lost, isFresh: () => true })).resolves.toBe('abandoned');

    const owner = new AbortController();
    let asked = 0;
    const isFresh = (): boolean => ++asked > 3;
    await expect(producer.send([record('late')], { signal: owner.signal, isFresh })).resolves.toBe('acknowledged');
    const after = await consumeAll(fixture.topic);
    expect(after.length).toBe(before + 1);
  });
});
