// Reads when the broker appended each event to a topic (LogAppendTime), which tells how long each hop took.
import type { Stage } from './stage';

/** By event id, in milliseconds since the epoch. Ends when everything that the topic holds now was read. */
export async function appendTimes(stage: Stage, topic: string): Promise<ReadonlyMap<string, number>> {
  const ends = await stage.admin.fetchTopicOffsets(topic);
  const open = new Map(
    ends.flatMap(({ partition, high }) => (high === '0' ? [] : [[partition, Number(high)] as const])),
  );
  const times = new Map<string, number>();
  if (open.size === 0) return times;
  const consumer = stage.kafka.consumer({ groupId: `bench-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: ({ partition, message }) => {
          times.set(String(message.headers?.['id'] ?? idIn(message.value)), Number(message.timestamp));
          if (Number(message.offset) + 1 >= (open.get(partition) ?? 0)) open.delete(partition);
          if (open.size === 0) resolve();
          return Promise.resolve();
        },
      })
      .catch(reject);
  });
  await consumer.disconnect();
  return times;
}

/** Only `audit.events` has no headers of ours. */
const idIn = (value: Buffer | null): string => /"id":"(bench-[^"]+)"/.exec(value?.toString() ?? '')?.[1] ?? '';
