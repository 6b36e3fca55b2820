import { partitionOf } from '@auditlane/contracts';
import * as fc from 'fast-check';
import { Partitioners } from 'kafkajs';

// The contract's partitioner must be kafkajs' own: producers that use the default one and every hop of ours agree on a tenant's partition.
describe('partitionOf', () => {
  it("puts every key where kafkajs' default partitioner does", () => {
    const theirs = Partitioners.DefaultPartitioner();
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }),
        fc.integer({ min: 1, max: 200 }),
        (key, partitions) => {
          const partitionMetadata = Array.from({ length: partitions }, (_, partitionId) => ({
            partitionId,
            leader: 1,
            partitionErrorCode: 0,
            replicas: [1],
            isr: [1],
          }));
          const expected = theirs({ topic: 't', partitionMetadata, message: { key, value: null } });
          expect(partitionOf(key, partitions)).toBe(expected);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
