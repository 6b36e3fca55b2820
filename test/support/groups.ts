// What Kafka remembers of a consumer group, and how an operator (or an accident) changes it.
import { Kafka, logLevel, type Admin } from 'kafkajs';
import type { GroupRole, TopicRole } from '@auditlane/contracts';
import { stack } from '@auditlane/testing';
import type { Line } from './line';

/** Runs `work` with a connection of its own. */
export async function withAdmin<T>(work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({
    clientId: 'auditlane.tests',
    brokers: stack().brokers,
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

export interface Position {
  readonly partition: number;
  readonly offset: number;
}

/** Where the group stands by Kafka's own book; partitions it never committed are left out. */
export async function committedOf(
  admin: Admin,
  { names }: Line,
  group: GroupRole,
  topic: TopicRole,
): Promise<Position[]> {
  const [answer] = await admin.fetchOffsets({ groupId: names.group(group), topics: [names.topic(topic)] });
  return (answer?.partitions ?? [])
    .map(({ partition, offset }) => ({ partition, offset: Number(offset) }))
    .filter(({ offset }) => offset >= 0)
    .sort((a, b) => a.partition - b.partition);
}

/** Where the topic ends now. */
export async function endsOf(admin: Admin, { names }: Line, topic: TopicRole): Promise<Position[]> {
  return (await admin.fetchTopicOffsets(names.topic(topic)))
    .map(({ partition, high }) => ({ partition, offset: Number(high) }))
    .sort((a, b) => a.partition - b.partition);
}

/** Puts a group that has no members anywhere in its topic. */
export async function moveGroup(
  admin: Admin,
  { names }: Line,
  group: GroupRole,
  topic: TopicRole,
  positions: readonly Position[],
): Promise<void> {
  await admin.setOffsets({
    groupId: names.group(group),
    topic: names.topic(topic),
    partitions: positions.map(({ partition, offset }) => ({ partition, offset: String(offset) })),
  });
}
