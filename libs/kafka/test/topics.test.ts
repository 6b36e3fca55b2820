// The topic contract at the start of a service.
import { namesWith } from '@auditlane/contracts';
import { freshPrefix } from '@auditlane/testing';
import { Kafka, logLevel } from 'kafkajs';
import { assertTopics, TopicContractError } from '../src';
import { connection, logger } from './transport';

describe('assertTopics', () => {
  const options = (names: ReturnType<typeof namesWith>, createTopics: boolean) => ({
    connection: connection(),
    names,
    topics: ['events', 'rejected'] as const,
    partitions: 3,
    createTopics,
    logger,
  });

  it('creates missing topics by their contract, and is content with them afterwards', async () => {
    const names = namesWith(freshPrefix());
    await Promise.all([assertTopics(options(names, true)), assertTopics(options(names, true))]);
    await expect(assertTopics(options(names, false))).resolves.toBeUndefined();
  });

  it('refuses with every fault of every topic, and creates nothing unasked', async () => {
    const names = namesWith(freshPrefix());
    const admin = new Kafka({ ...connection(), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.createTopics({
      topics: [
        {
          topic: names.topic('events'),
          numPartitions: 2,
          configEntries: [
            { name: 'message.timestamp.type', value: 'CreateTime' },
            { name: 'retention.ms', value: '1000' },
            { name: 'max.message.bytes', value: '2000' },
          ],
        },
      ],
    });
    const refusal: unknown = await assertTopics(options(names, false)).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TopicContractError);
    expect(refusal).toMatchObject({
      faults: [
        { topic: names.topic('rejected'), setting: 'topic', found: 'nothing' },
        { topic: names.topic('events'), setting: 'partitions', found: '2', wanted: '3' },
        { setting: 'message.timestamp.type', found: 'CreateTime', wanted: 'LogAppendTime' },
        { setting: 'retention.ms', found: '1000', wanted: 'at least 604800000' },
        { setting: 'max.message.bytes', found: '2000', wanted: 'at least 1048576' },
      ],
    });
    expect(await admin.listTopics()).not.toContain(names.topic('rejected'));
    await admin.disconnect();
  });

  it('gives up on a broker that does not answer in time', async () => {
    const nobody = { ...options(namesWith(''), false), connection: { brokers: ['127.0.0.1:1'], clientId: 'test' } };
    await expect(assertTopics({ ...nobody, waitMs: 300 })).rejects.toThrow('Connection error');
  });
});
