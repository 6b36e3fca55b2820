// Records as any program may write them: no value, strange headers, compressed, in a transaction.
import { CompressionTypes, Kafka, logLevel, type Message } from 'kafkajs';
import { stack } from '@auditlane/testing';

const client = (): Kafka =>
  new Kafka({ clientId: 'auditlane.tests.raw', brokers: stack().brokers, logLevel: logLevel.NOTHING });

export { CompressionTypes };

/** One produce request: the messages of a partition become one record batch. */
export async function sendRaw(
  topic: string,
  messages: readonly Message[],
  compression: CompressionTypes = CompressionTypes.None,
): Promise<void> {
  const producer = client().producer({ allowAutoTopicCreation: false });
  await producer.connect();
  try {
    await producer.send({ topic, messages: [...messages], compression, acks: -1 });
  } finally {
    await producer.disconnect();
  }
}

/** The same in a transaction; either ending leaves a control record in each partition. */
export async function sendInTransaction(
  topic: string,
  messages: readonly Message[],
  ending: 'commit' | 'abort',
): Promise<void> {
  const transactionalId = `${topic}.${ending}`;
  const producer = client().producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    const transaction = await producer.transaction();
    await transaction.send({ topic, messages: [...messages], acks: -1 });
    await transaction[ending]();
  } finally {
    await producer.disconnect();
  }
}
