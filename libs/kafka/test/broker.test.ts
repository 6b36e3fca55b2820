// A broker of its own, to spoil its files and to kill it.
import { readdirSync, openSync, writeSync, readFileSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import { drop, ok } from '@auditlane/contracts';
import { freePort, startKafka, temporaryDirectory, type RunningKafka } from '@auditlane/testing';
import { Kafka, logLevel } from 'kafkajs';
import type { KafkaRecord } from '../src';
import { expectSoon, Fixture, textOf } from './transport';

describe('a broker', () => {
  const directory = temporaryDirectory('kafka-of-one-test');
  let kafka: RunningKafka;
  let port: number;
  let fixture: Fixture;

  beforeAll(async () => {
    port = await freePort();
    kafka = await startKafka({ dataDirectory: directory.path, port });
  }, 120_000);
  afterAll(async () => {
    await kafka.stop();
    directory.remove();
  });
  beforeEach(() => {
    fixture = new Fixture(1, [kafka.broker]);
  });
  afterEach(() => fixture.dispose());

  /** Overwrites bytes of the topic's log: the broker answers fetches with its file as it is. */
  function spoil(at: (log: Buffer) => number, bytes: number[]): void {
    const folder = readdirSync(join(directory.path, 'log')).find((name) => name === `${fixture.topic}-0`) ?? '';
    const file = join(directory.path, 'log', folder, '00000000000000000000.log');
    const handle = openSync(file, 'r+');
    writeSync(handle, Buffer.from(bytes), 0, bytes.length, at(readFileSync(file)));
    closeSync(handle);
  }

  it.each([
    ['a changed byte', (log: Buffer) => log.indexOf('second') - 1, [0xf0], /checksum/],
    ['another codec than it has', (log: Buffer) => log.indexOf('second') - 46, [0, 14], /checksum/],
  ])('that hands out a batch with %s costs that batch and no other', async (_name, at, bytes, error) => {
    const seen: KafkaRecord[] = [];
    const handle = ({ records }: { records: readonly KafkaRecord[] }) => {
      seen.push(...records);
      return Promise.resolve(records.map(() => drop('unwanted')));
    };
    await fixture.createTopics();
    for (const value of ['first', 'second', 'third']) await fixture.produce([value]);
    spoil(at, bytes);
    const transport = await fixture.start({ handle });
    await expectSoon(() => expect(seen.map(({ offset }) => offset)).toEqual([0, 1, 2]));
    expect(seen.map((record) => (record.undecodable ? 'unreadable' : textOf(record)))).toEqual([
      'first',
      'unreadable',
      'third',
    ]);
    expect(seen[1]?.undecodable).toEqual({ lastOffset: 1, error: expect.stringMatching(error) });
    expect(transport.crashes).toEqual([]);
  });

  it('that is killed and comes back loses nothing: what was in hand is sent and committed when it answers again', async () => {
    const seen: string[] = [];
    const transport = await fixture.start({
      handle: ({ records }) => {
        seen.push(...records.map(textOf));
        const topic = fixture.names.topic('stored');
        return Promise.resolve(
          records.map((record) => ok({ topic, key: 'acme', value: Buffer.from(textOf(record)), headers: {} })),
        );
      },
    });
    await fixture.produce(['before']);
    await expectSoon(() => expect(seen).toContain('before'));
    kafka.child.kill('SIGKILL');
    await kafka.child.exited;
    const during = fixture.produce(['during']);
    kafka = await startKafka({ dataDirectory: directory.path, port });
    await during;
    await fixture.produce(['after']);
    await expectSoon(() => expect(new Set(seen)).toEqual(new Set(['before', 'during', 'after'])));

    const admin = new Kafka({ clientId: 'test', brokers: [kafka.broker], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await expectSoon(async () => {
      const [accepted] = await admin.fetchTopicOffsets(fixture.topic);
      const [answer] = await admin.fetchOffsets({
        groupId: fixture.names.group('persistence'),
        topics: [fixture.topic],
      });
      expect(answer?.partitions[0]?.offset).toBe(accepted?.high);
      expect(Number((await admin.fetchTopicOffsets(fixture.names.topic('stored')))[0]?.high)).toBeGreaterThanOrEqual(3);
    });
    await admin.disconnect();
    expect(transport.crashes).toEqual([]);
    await expectSoon(() => expect(transport.ready()).toBe(true));
  });
});
