// Decodes a Fetch response of version 11, the newest that kafkajs 2.2.4 speaks, in the shape that its consumer expects.
import { ByteReader } from './byte-reader';
import { decompressedBytesCap } from './codecs';
import { reportOutOfRange } from './out-of-range';
import { type AbortedTransaction, type Budget, decodeRecordSet, type DecodedRecord } from './record-batch';

const offsetOutOfRange = 1;

/** The offset that was asked for, by topic and partition. */
export type FetchOffsets = (topic: string, partition: number) => number;

interface PartitionResponse {
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: string;
  readonly lastStableOffset: string;
  readonly lastStartOffset: string;
  /** Empty: aborted records were already left out here. */
  readonly abortedTransactions: readonly AbortedTransaction[];
  readonly preferredReadReplica: number;
  readonly messages: readonly DecodedRecord[];
}

export interface FetchResponse {
  readonly throttleTime: 0;
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly sessionId: number;
  readonly responses: readonly { readonly topicName: string; readonly partitions: readonly PartitionResponse[] }[];
}

export async function decodeFetchResponse(payload: Buffer, fetchOffsets: FetchOffsets): Promise<FetchResponse> {
  const reader = new ByteReader(payload);
  const budget: Budget = { bytes: decompressedBytesCap() };
  const clientSideThrottleTime = reader.int32();
  const errorCode = reader.int16();
  const sessionId = reader.int32();
  const responses: { topicName: string; partitions: PartitionResponse[] }[] = [];
  for (let topics = reader.int32(); topics > 0; topics--) {
    const topicName = reader.string();
    const partitions: PartitionResponse[] = [];
    for (let left = reader.int32(); left > 0; left--)
      partitions.push(await decodePartition(reader, topicName, fetchOffsets, budget));
    responses.push({ topicName, partitions });
  }
  return { throttleTime: 0, clientSideThrottleTime, errorCode, sessionId, responses };
}

async function decodePartition(
  reader: ByteReader,
  topic: string,
  fetchOffsets: FetchOffsets,
  budget: Budget,
): Promise<PartitionResponse> {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = String(reader.int64());
  const lastStartOffset = String(reader.int64());
  const aborted: AbortedTransaction[] = [];
  for (let left = reader.int32(); left > 0; left--)
    aborted.push({ producerId: reader.int64(), firstOffset: reader.int64() });
  const preferredReadReplica = reader.int32();
  const recordSet = reader.bytesOf(Math.max(0, reader.int32()));
  const fetchOffset = fetchOffsets(topic, partition);
  if (errorCode === offsetOutOfRange) reportOutOfRange({ topic, partition, fetchOffset });
  const messages = await decodeRecordSet({ topic, partition, fetchOffset, highWatermark, recordSet, aborted }, budget);
  return {
    partition,
    errorCode,
    highWatermark: String(highWatermark),
    lastStableOffset,
    lastStartOffset,
    abortedTransactions: [],
    preferredReadReplica,
    messages,
  };
}
