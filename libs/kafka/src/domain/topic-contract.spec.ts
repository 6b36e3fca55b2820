import { topicContracts } from '@auditlane/contracts';
import { faultsOf, faultText, type FoundTopic, wantedReplication, wantedSettings } from './topic-contract';

const asCreated = (brokers: number, changes: Record<string, string> = {}): FoundTopic => ({
  topic: 'audit.events',
  partitions: 12,
  replicationFactor: wantedReplication(brokers),
  settings: new Map([...wantedSettings(topicContracts.events, brokers), ...Object.entries(changes)]),
});
const faults = (found: FoundTopic, brokers = 1) => faultsOf(found, topicContracts.events, 12, brokers).map(faultText);

describe('the contract of a topic', () => {
  it.each([1, 2, 3])('is kept by a topic as we create it on %i brokers', (brokers) => {
    expect(faults(asCreated(brokers), brokers)).toEqual([]);
  });

  it('is broken by CreateTime: old events would be deleted before anyone reads them', () => {
    expect(faults(asCreated(1, { 'message.timestamp.type': 'CreateTime' }))).toEqual([
      'audit.events: message.timestamp.type is CreateTime, wanted LogAppendTime',
    ]);
  });

  it('lets an operator keep and take more, not less', () => {
    expect(faults(asCreated(1, { 'retention.ms': '-1', 'max.message.bytes': '2000000' }))).toEqual([]);
    expect(faults(asCreated(1, { 'retention.ms': '3600000', 'max.message.bytes': '1000' }))).toEqual([
      'audit.events: retention.ms is 3600000, wanted at least 604800000',
      'audit.events: max.message.bytes is 1000, wanted at least 1048576',
    ]);
  });

  it('names every fault at once', () => {
    const found = asCreated(1, { 'cleanup.policy': 'compact', 'retention.bytes': '1000000' });
    expect(faults({ ...found, partitions: 6 })).toEqual([
      'audit.events: partitions is 6, wanted 12',
      'audit.events: cleanup.policy is compact, wanted delete',
      'audit.events: retention.bytes is 1000000, wanted -1',
    ]);
  });

  it('asks for replicas, in-sync replicas and a clean election where there is more than one broker', () => {
    const found = asCreated(3, { 'min.insync.replicas': '1', 'unclean.leader.election.enable': 'true' });
    expect(faults({ ...found, replicationFactor: 1 }, 3)).toEqual([
      'audit.events: replication factor is 1, wanted at least 2',
      'audit.events: min.insync.replicas is 1, wanted at least 2',
      'audit.events: unclean.leader.election.enable is true, wanted false',
    ]);
  });
});
