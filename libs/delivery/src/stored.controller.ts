// The edge to `stored`: claims a partition when it is assigned, hands its batches to its runner, lets it go.
import { Controller, Inject } from '@nestjs/common';
import type { Outcome } from '@auditlane/contracts';
import { type Assignment, AssignedTo, type Batch, BatchOf, type Claim, RevokedFrom } from '@auditlane/kafka';
import { Forwarder } from './forwarder';

@Controller()
export class StoredController {
  constructor(@Inject(Forwarder) private readonly forwarder: Forwarder) {}

  @AssignedTo('stored')
  async assigned(assignment: Assignment): Promise<Claim> {
    await this.forwarder.claim(assignment);
    const startAt = this.forwarder.runnerOf(assignment)?.committed?.offset;
    return startAt === undefined ? {} : { startAt };
  }

  @BatchOf('stored')
  async handle({ assignment, records }: Batch): Promise<readonly Outcome[]> {
    return this.forwarder.runnerOf(assignment)?.handle(records) ?? [];
  }

  @RevokedFrom('stored')
  async revoked(assignment: Assignment): Promise<void> {
    await this.forwarder.release(assignment);
  }
}
