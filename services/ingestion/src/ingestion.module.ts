// Wires ingestion: one controller and what it works with.
import { Module, type DynamicModule } from '@nestjs/common';
import { IngestionConsumer, ingestionParts, type IngestionParts } from './ingestion.consumer';

@Module({})
export class IngestionModule {
  static of(parts: IngestionParts): DynamicModule {
    return {
      module: IngestionModule,
      controllers: [IngestionConsumer],
      providers: [{ provide: ingestionParts, useValue: parts }],
    };
  }
}
