// What ends a process, what does not, and how it goes when it is asked to.
import { drop, ok, type Outcome } from '@auditlane/contracts';
import { consumeAll } from '@auditlane/testing';
import { Kafka, logLevel } from 'kafkajs';
import type { Batch } from '../src';
import { connection, expectSoon, Fixture, textOf } from './transport';

const done = ({ records }: Batch): Outcome[] => records.map(() => drop('unwanted'));
const collectInto = (seen: string[]) => ({
  handle: async (batch: Batch) => {
    seen.push(...batch.records.map(textOf));
    return Promise.resolve(done(batch));
  },
});

describe('the end of a process', () => {
  let fixture: Fixture;
  beforeEach(() => {
    fixture = new Fixture();
  });
  afterEach(() => fixture.dispose());

  it('comes by a throw of a handler, with its own error and without a commit', async () => {
    const bug = new TypeError('no such field');
    const transport = await fixture.start({ handle: () => Promise.reject(bug) });
    await fixture.produce(['a']);
    await expectSoon(() => expect(transport.crashes).toHaveLength(1));
    expect(transport.crashes[0]?.error).toBe(bug);

    const seen: string[] = [];
    await fixture.start(collectInto(seen));
    await expectSoon(() => expect(seen).toEqual(['a']));
    expect(transport.crashes).toHaveLength(1);
  });

  it('comes by a claim that throws', async () => {
    const transport = await fixture.start({
      assigned: () => Promise.reject(new Error('the offset is past the end of the topic')),
      handle: (batch) => Promise.resolve(done(batch)),
    });
    await expectSoon(() => expect(transport.crashes[0]?.message).toBe('the claim of a partition failed'));
  });

  it('comes by an answer that is no list of outcomes', async () => {
    const answers: Outcome[] = JSON.parse('[{"kind":"fine"}]');
    const transport = await fixture.start({ handle: () => Promise.resolve(answers) });
    await fixture.produce(['a']);
    await expectSoon(() => expect(transport.crashes[0]?.error).toMatchObject({ name: 'TypeError' }));
  });

  it('waits for the batch in hand when it is asked to close, commits it and leaves the group at once', async () => {
    const working = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const first = await fixture.start(
      {
        handle: async ({ records }) => {
          working.resolve();
          await finish.promise;
          return records.map((record) =>
            ok({ topic: fixture.names.topic('stored'), key: 'acme', value: Buffer.from(textOf(record)), headers: {} }),
          );
        },
      },
      { sessionTimeoutMs: 30_000, heartbeatIntervalMs: 3_000 },
    );
    await fixture.produce(['a', 'b']);
    await working.promise;
    const closed = first.close();
    finish.resolve();
    await closed;
    const stored = await consumeAll(fixture.names.topic('stored'));
    expect(stored.map(textOf)).toEqual(['a', 'b']);

    // With a session of 30 s left behind, the next one would wait that long for its partitions.
    const startedAt = performance.now();
    const seen: string[] = [];
    await fixture.start(collectInto(seen));
    await fixture.produce(['c']);
    await expectSoon(() => expect(seen).toEqual(['c']));
    expect(performance.now() - startedAt).toBeLessThan(15_000);
  });

  it('does not wait for ever for a handler that does not end', async () => {
    const working = Promise.withResolvers<void>();
    const finish = Promise.withResolvers<void>();
    const transport = await fixture.start(
      {
        handle: async (batch) => {
          working.resolve();
          await finish.promise;
          return done(batch);
        },
      },
      { closeMs: 300 },
    );
    await fixture.produce(['a']);
    await working.promise;
    await expect(transport.close()).resolves.toBeUndefined();
    finish.resolve();
  });

  it('comes by the watchdog when a stuck handler has kept the consumer silent while records wait', async () => {
    const finish = Promise.withResolvers<void>();
    const transport = await fixture.start(
      {
        handle: async (batch) => {
          await finish.promise;
          return done(batch);
        },
      },
      { maxHandlerMs: 300, watchdogMs: 1_000 },
    );
    await fixture.produce(['a']);
    await expectSoon(() => expect(transport.crashes[0]?.message).toBe('the consumer is stuck'));
    finish.resolve();
  });
});

describe('a topic that lost records before they were read', () => {
  const fixture = new Fixture(1);
  afterEach(() => fixture.dispose());

  it('is read from its first retained record, and the gap is counted', async () => {
    const before: string[] = [];
    const first = await fixture.start(collectInto(before));
    await fixture.produce(['a']);
    await expectSoon(() => expect(before).toEqual(['a']));
    await first.close();
    await fixture.produce(['b', 'c', 'd', 'e']);
    const admin = new Kafka({ ...connection(), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    // kafkajs only knows topics that it was asked about.
    await admin.fetchTopicOffsets(fixture.topic);
    await admin.deleteTopicRecords({ topic: fixture.topic, partitions: [{ partition: 0, offset: '4' }] });
    await admin.disconnect();

    const after: string[] = [];
    const second = await fixture.start(collectInto(after));
    await expectSoon(() => expect(after).toEqual(['e']));
    expect(await second.registry.metrics()).toContain(
      `auditlane_kafka_offset_gap_records_total{topic="${fixture.topic}"} 3`,
    );
  });
});
