// The limit that ingestion is held against: kafkajs alone, reading a topic and producing every record to another, with as many headers as ours
// carry, always the same ones. Nothing is read, nothing decided.
import { Kafka, logLevel, type Message } from 'kafkajs';
import { acceptedHeaders, benchEvent } from '../lib/events';

const { AUDITLANE_KAFKA_BROKERS = '', BENCH_FROM = '', BENCH_TO = '' } = process.env;
const requestBytes = 900_000;

async function main(): Promise<void> {
  const kafka = new Kafka({
    clientId: 'bare',
    brokers: AUDITLANE_KAFKA_BROKERS.split(','),
    logLevel: logLevel.NOTHING,
  });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  const consumer = kafka.consumer({ groupId: `bare-${BENCH_TO}`, maxBytesPerPartition: 1_048_576 });
  await Promise.all([producer.connect(), consumer.connect()]);
  await consumer.subscribe({ topic: BENCH_FROM, fromBeginning: true });
  const headers = { ...acceptedHeaders(benchEvent(0, Date.now())) };
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: 12,
    async eachBatch(payload) {
      const { batch } = payload;
      let messages: Message[] = [];
      let bytes = 0;
      const flush = async (): Promise<void> => {
        if (messages.length > 0) await producer.send({ topic: BENCH_TO, acks: -1, messages });
        messages = [];
        bytes = 0;
      };
      for (const { key, value } of batch.messages) {
        bytes += (value?.length ?? 0) + 300;
        if (bytes > requestBytes) await flush();
        messages.push({ key, value, headers });
      }
      await flush();
      payload.resolveOffset(batch.lastOffset());
      await consumer.commitOffsets([
        { topic: batch.topic, partition: batch.partition, offset: String(Number(batch.lastOffset()) + 1) },
      ]);
      await payload.heartbeat();
    },
  });
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => process.exit(0));
main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exit(1);
});
