// Puts the two controllers into Nest with what they need.
import { type DynamicModule, Module } from '@nestjs/common';
import { AcceptedController, partitionDeps } from './accepted.controller';
import type { PartitionDeps } from './accepted-partition';
import { RejectedController, type RejectedDeps, rejectedDeps } from './rejected.controller';

@Module({})
export class PersistenceModule {
  static with(accepted: PartitionDeps, rejected: RejectedDeps): DynamicModule {
    return {
      module: PersistenceModule,
      controllers: [AcceptedController, RejectedController],
      providers: [
        { provide: partitionDeps, useValue: accepted },
        { provide: rejectedDeps, useValue: rejected },
      ],
    };
  }
}
