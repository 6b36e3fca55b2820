// The edge to `accepted`: claims a partition when it is assigned, hands its batches to that claim, lets it go.
import { setTimeout as delay } from 'node:timers/promises';
import { Controller, Inject } from '@nestjs/common';
import type { Outcome } from '@auditlane/contracts';
import { type Assignment, AssignedTo, type Batch, BatchOf, type Claim, RevokedFrom } from '@auditlane/kafka';
import { classifyDatabaseError } from '@auditlane/storage';
import { AcceptedPartition, type PartitionDeps } from './accepted-partition';
import type { ClaimedState } from './claim-store';
import { backOffMs } from './domain/back-off';

export const partitionDeps = Symbol('PartitionDeps');

@Controller()
export class AcceptedController {
  private readonly held = new Map<number, { readonly assignment: Assignment; readonly partition: AcceptedPartition }>();

  constructor(@Inject(partitionDeps) private readonly deps: PartitionDeps) {}

  @AssignedTo('accepted')
  async assigned(assignment: Assignment): Promise<Claim> {
    const { partition } = assignment;
    const range = await assignment.logRange();
    const state = await this.claim(assignment, range.start);
    if (!state) return {};
    if (state.nextOffset > range.end) {
      throw new Error(
        `the database has stored partition ${partition} of ${assignment.topic} up to offset ${state.nextOffset}, but the topic ends at ${range.end}: ` +
          'AUDITLANE_KAFKA_BROKERS or AUDITLANE_DATABASE_URL names another installation, or the topic was made anew',
      );
    }
    if (range.start > state.nextOffset) {
      this.deps.metrics.lostOffsets.inc(range.start - state.nextOffset);
      this.deps.logger.error(
        { partition, from: state.nextOffset, to: range.start - 1 },
        'Kafka deleted records before they were stored',
      );
    }
    this.held.set(partition, { assignment, partition: new AcceptedPartition(assignment, state, this.deps) });
    const startAt = Math.max(state.publishedOffset, range.start);
    this.deps.logger.info(
      { partition, epoch: state.epoch, nextOffset: state.nextOffset, startAt },
      'partition claimed',
    );
    return { startAt };
  }

  @BatchOf('accepted')
  async handle({ assignment, records }: Batch): Promise<readonly Outcome[]> {
    const held = this.held.get(assignment.partition);
    return held?.assignment === assignment ? held.partition.handle(records) : [];
  }

  @RevokedFrom('accepted')
  async revoked(assignment: Assignment): Promise<void> {
    const held = this.held.get(assignment.partition);
    if (held?.assignment !== assignment) return;
    this.held.delete(assignment.partition);
    await held.partition.release().catch((error: unknown) => {
      if (classifyDatabaseError(error) === 'unknown') throw error;
    });
  }

  /** Waits for the database as long as the partition is ours; without a claim nothing may be read. */
  private async claim(assignment: Assignment, firstOffset: number): Promise<ClaimedState | undefined> {
    for (let failures = 1; !assignment.signal.aborted; failures++) {
      try {
        return await this.deps.claims.claim(assignment.partition, firstOffset);
      } catch (error) {
        if (!classifyDatabaseError(error).startsWith('retry:')) throw error;
        const afterMs = backOffMs(failures, this.deps.random());
        this.deps.logger.warn(
          { partition: assignment.partition, afterMs, err: error },
          'the claim failed, trying again',
        );
        await delay(afterMs);
      }
    }
    return undefined;
  }
}
