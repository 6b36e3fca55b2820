// Produces records so that none is lost and none overtakes another of its partition: acks from all in-sync replicas, one request in flight
// per partition, tried again for as long as it can help. kafkajs' idempotence is off: it loses acknowledged records under concurrent sends.
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf, type OutgoingRecord } from '@auditlane/contracts';
import type { Kafka, Message, Producer, RecordMetadata } from 'kafkajs';
import { pino, type Logger } from 'pino';
import { kafkaClient, type KafkaConnection } from './client';
import { splitRecords } from './domain/split-records';
import { errorText, isRetriable, protocolErrorType } from './errors';

/** Who sends: nothing new is sent once it is no longer the owner, nor while it cannot know whether it is. An `Assignment` is one. */
export interface SendingOwner {
  readonly signal: AbortSignal;
  isFresh(): boolean;
}

export interface BatchProducerOptions {
  readonly connection: KafkaConnection;
  /** How many partitions the topics have; asked of the broker, a topic at a time, where it is left out. */
  readonly partitions?: number;
  readonly logger?: Logger;
  /** Bytes of one request to one partition. The broker's limit is 1 MiB a batch. */
  readonly maxRequestBytes?: number;
  readonly retryMs?: { readonly first: number; readonly longest: number };
}

interface Chunk {
  readonly records: readonly OutgoingRecord[];
  readonly owner: SendingOwner | undefined;
  readonly done: (sent: Sent | { readonly error: unknown }) => void;
}

interface Lane {
  readonly topic: string;
  readonly partition: number;
  readonly queue: Chunk[];
  busy: boolean;
}

/** 'abandoned': the owner lost its partition; some of the records may have been written. */
export type Sent = 'acknowledged' | 'abandoned';

const tooLarge: ReadonlySet<string | undefined> = new Set(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE']);

export class BatchProducer {
  private readonly lanes = new Map<string, Lane>();
  private readonly kafka: Kafka;
  private readonly producer: Producer;
  private readonly logger: Logger;
  private readonly partitionCounts = new Map<string, number>();
  private readonly maxRequestBytes: number;
  private readonly retryMs: { readonly first: number; readonly longest: number };
  private readonly closing = new AbortController();
  private keyless = 0;

  constructor(private readonly options: BatchProducerOptions) {
    this.maxRequestBytes = options.maxRequestBytes ?? 900_000;
    this.retryMs = options.retryMs ?? { first: 100, longest: 5_000 };
    this.logger = options.logger ?? pino({ level: 'silent' });
    this.kafka = kafkaClient(options.connection, this.logger);
    this.producer = this.kafka.producer({
      idempotent: false,
      allowAutoTopicCreation: false,
      createPartitioner: () => chosenPartition,
      // Tried again here and not there: kafkajs repeats the whole request for one partition's error, and after a change of leader it can
      // count another broker's answer for records that were never sent.
      retry: { retries: 0 },
    });
  }

  async connect(): Promise<void> {
    await this.producer.connect();
  }

  /** What is still queued is abandoned. */
  async disconnect(): Promise<void> {
    this.closing.abort();
    await this.producer.disconnect();
  }

  /** Records without a key take turns, a call at a time. */
  private partitionOf({ topic, partition, key }: OutgoingRecord): number {
    if (partition !== undefined) return partition;
    const partitions = this.options.partitions ?? this.partitionCounts.get(topic) ?? 1;
    return key === null ? this.keyless % partitions : partitionOf(key, partitions);
  }

  /** Settles when every record is acknowledged. Rejects only where trying again cannot help, after the other records were sent. */
  async send(records: readonly OutgoingRecord[], owner?: SendingOwner): Promise<Sent> {
    this.keyless += 1;
    if (this.options.partitions === undefined && !(await this.learnPartitions(records, owner))) return 'abandoned';
    const perLane = new Map<Lane, OutgoingRecord[]>();
    for (const record of records) {
      const lane = this.laneOf(record.topic, this.partitionOf(record));
      const group = perLane.get(lane);
      if (group) group.push(record);
      else perLane.set(lane, [record]);
    }
    return new Promise((resolve, reject) => {
      let open = 0;
      let result: Sent = 'acknowledged';
      let failure: { readonly error: unknown } | undefined;
      const done: Chunk['done'] = (sent) => {
        if (typeof sent === 'object') failure ??= sent;
        else if (sent === 'abandoned') result = sent;
        open -= 1;
        if (open > 0) return;
        if (failure) reject(failure.error);
        else resolve(result);
      };
      for (const [lane, group] of perLane)
        for (const slice of splitRecords(group, this.maxRequestBytes)) {
          open += 1;
          lane.queue.push({ records: slice, owner, done });
        }
      if (open === 0) resolve(result);
      else this.flush([...perLane.keys()]);
    });
  }

  /** A tenant's partition follows from the number of partitions: without it nothing may be sent. */
  private async learnPartitions(records: readonly OutgoingRecord[], owner: SendingOwner | undefined): Promise<boolean> {
    const unknown = new Set(records.map(({ topic }) => topic).filter((topic) => !this.partitionCounts.has(topic)));
    if (unknown.size === 0) return true;
    const over = (): boolean => this.closing.signal.aborted || (owner?.signal.aborted ?? false);
    const admin = this.kafka.admin();
    try {
      for (let wait = this.retryMs.first; !over(); wait = Math.min(wait * 2, this.retryMs.longest)) {
        try {
          await admin.connect();
          const { topics } = await admin.fetchTopicMetadata({ topics: [...unknown] });
          for (const { name, partitions } of topics) this.partitionCounts.set(name, partitions.length);
          return true;
        } catch (error) {
          if (!isRetriable(error)) throw error;
          this.logger.warn({ error: errorText(error) }, 'reading the number of partitions failed, trying again');
          await delay(wait, undefined, { signal: this.closing.signal }).catch(() => undefined);
        }
      }
      return false;
    } finally {
      await admin.disconnect();
    }
  }

  private laneOf(topic: string, partition: number): Lane {
    const key = `${partition}:${topic}`;
    let lane = this.lanes.get(key);
    if (!lane) this.lanes.set(key, (lane = { topic, partition, queue: [], busy: false }));
    return lane;
  }

  /** One request for the next chunk of every lane that has none in flight. */
  private flush(lanes: readonly Lane[]): void {
    const next: [Lane, Chunk][] = [];
    for (const lane of lanes) {
      const chunk = lane.busy ? undefined : lane.queue.shift();
      if (!chunk) continue;
      lane.busy = true;
      next.push([lane, chunk]);
    }
    if (next.length > 0) void this.request(next);
  }

  private async request(parts: readonly [Lane, Chunk][]): Promise<void> {
    const ready = parts.every(([, { owner }]) => mayStart(owner));
    const unanswered = ready ? await this.attempt(parts) : parts;
    await Promise.all(
      parts.map(async (part) => {
        const [lane, chunk] = part;
        chunk.done(unanswered.includes(part) ? await this.insist(lane, chunk) : 'acknowledged');
        lane.busy = false;
        this.flush([lane]);
      }),
    );
  }

  /** The parts that were not acknowledged. */
  private async attempt(parts: readonly [Lane, Chunk][]): Promise<readonly [Lane, Chunk][]> {
    try {
      const answers = await this.produce(parts.map(([lane, chunk]) => ({ lane, records: chunk.records })));
      return parts.filter(([lane]) => !answers.some((answer) => answersFor(answer, lane)));
    } catch (error) {
      this.logger.warn({ error: errorText(error) }, 'a produce request failed, trying its partitions one by one');
      return parts;
    }
  }

  /** Sends to one partition until it is acknowledged, its owner has lost it, or trying again cannot help. */
  private async insist(lane: Lane, { records, owner }: Chunk): Promise<Sent | { readonly error: unknown }> {
    const signal = owner ? AbortSignal.any([owner.signal, this.closing.signal]) : this.closing.signal;
    const over = (): boolean => signal.aborted;
    let slices: (readonly OutgoingRecord[])[] = [records];
    let wait = this.retryMs.first;
    for (let slice = slices[0]; slice; slice = slices[0]) {
      if (over()) return 'abandoned';
      if (mayStart(owner)) {
        const error = await this.produceSlice(lane, slice);
        if (error === undefined) {
          slices.shift();
          wait = this.retryMs.first;
          continue;
        }
        if (tooLarge.has(protocolErrorType(error)) && slice.length > 1) {
          const half = slice.length >> 1;
          slices = [slice.slice(0, half), slice.slice(half), ...slices.slice(1)];
          continue;
        }
        if (!isRetriable(error)) return over() ? 'abandoned' : { error };
        const { topic, partition } = lane;
        this.logger.warn({ topic, partition, error: errorText(error) }, 'produce failed, trying again');
      }
      await delay(wait * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => undefined);
      wait = Math.min(wait * 2, this.retryMs.longest);
    }
    return 'acknowledged';
  }

  private async produceSlice(lane: Lane, records: readonly OutgoingRecord[]): Promise<unknown> {
    try {
      const answers = await this.produce([{ lane, records }]);
      return answers.some((answer) => answersFor(answer, lane)) ? undefined : new UnansweredProduceError();
    } catch (error) {
      return error;
    }
  }

  private produce(parts: readonly { lane: Lane; records: readonly OutgoingRecord[] }[]): Promise<RecordMetadata[]> {
    const topicMessages = parts.map(({ lane, records }) => ({
      topic: lane.topic,
      messages: records.map(({ key, value, headers }): Message => ({ key, value, headers, partition: lane.partition })),
    }));
    return this.producer.sendBatch({ acks: -1, topicMessages });
  }
}

/** An answer that leaves out a partition acknowledges nothing of it. */
class UnansweredProduceError extends Error {
  readonly retriable = true;
  constructor() {
    super('the answer says nothing of this partition');
  }
}

const answersFor = (answer: RecordMetadata, lane: Lane): boolean =>
  answer.topicName === lane.topic && answer.partition === lane.partition && answer.errorCode === 0;

const mayStart = (owner: SendingOwner | undefined): boolean => !owner || (!owner.signal.aborted && owner.isFresh());

const chosenPartition = ({ message }: { message: Message }): number => message.partition ?? 0;
