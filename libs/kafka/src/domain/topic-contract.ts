// Compares a topic as it is with what the pipeline's guarantees rest on. Pure: topics.admin.ts reads, this decides.
import type { TopicContract } from '@auditlane/contracts';

export interface FoundTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Topic settings by name, defaults included. */
  readonly settings: ReadonlyMap<string, string>;
}

export interface TopicFault {
  readonly topic: string;
  readonly setting: string;
  readonly found: string;
  readonly wanted: string;
}

/** What a topic is created with; the same list is what it is held to. */
export function wantedSettings(contract: TopicContract, brokers: number): ReadonlyMap<string, string> {
  return new Map([
    ['cleanup.policy', 'delete'],
    ['message.timestamp.type', 'LogAppendTime'],
    ['retention.ms', String(contract.retentionMs)],
    ['retention.bytes', '-1'],
    ['max.message.bytes', String(contract.maxMessageBytes)],
    ...(brokers > 1
      ? ([
          ['min.insync.replicas', '2'],
          ['unclean.leader.election.enable', 'false'],
        ] as const)
      : []),
  ]);
}

export const wantedReplication = (brokers: number): number => Math.min(3, Math.max(1, brokers));

/** Settings that may be larger than wanted; −1 is without limit. */
const atLeast: ReadonlySet<string> = new Set(['retention.ms', 'max.message.bytes', 'min.insync.replicas']);

export function faultsOf(
  found: FoundTopic,
  contract: TopicContract,
  partitions: number,
  brokers: number,
): readonly TopicFault[] {
  const { topic } = found;
  const faults: TopicFault[] = [];
  if (found.partitions !== partitions)
    faults.push({ topic, setting: 'partitions', found: String(found.partitions), wanted: String(partitions) });
  if (brokers > 1 && found.replicationFactor < 2)
    faults.push({ topic, setting: 'replication factor', found: String(found.replicationFactor), wanted: 'at least 2' });
  for (const [setting, wanted] of wantedSettings(contract, brokers)) {
    const value = found.settings.get(setting) ?? 'nothing';
    if (value === wanted) continue;
    if (atLeast.has(setting)) {
      if (Number(value) >= Number(wanted) || (setting === 'retention.ms' && value === '-1')) continue;
      faults.push({ topic, setting, found: value, wanted: `at least ${wanted}` });
    } else faults.push({ topic, setting, found: value, wanted });
  }
  return faults;
}

export const faultText = ({ topic, setting, found, wanted }: TopicFault): string =>
  `${topic}: ${setting} is ${found}, wanted ${wanted}`;
