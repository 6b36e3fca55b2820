// Hands each record of `audit.events` to the judge and its verdict to the transport, which produces it and then commits.
import { Controller, Inject } from '@nestjs/common';
import type { Outcome } from '@auditlane/contracts';
import { BatchOf, type Batch, type KafkaRecord } from '@auditlane/kafka';
import type { Logger } from '@auditlane/observability';
import type { Judge } from './domain/judge-record';
import { rejectRecord } from './domain/reject-record';
import { refused } from './domain/refusal';
import type { IngestionMetrics } from './ingestion.metrics';

/** What the consumer works with, made once by `main`. */
export interface IngestionParts {
  readonly judge: Judge;
  readonly rejectedTopic: string;
  readonly metrics: IngestionMetrics;
  readonly logger: Logger;
  readonly now: () => number;
}
export const ingestionParts = Symbol('IngestionParts');

@Controller()
export class IngestionConsumer {
  constructor(@Inject(ingestionParts) private readonly parts: IngestionParts) {}

  @BatchOf('events')
  handle({ records }: Batch): Promise<readonly Outcome[]> {
    const outcomes = records.map((record) => this.outcomeOf(record));
    const oldest = records[0];
    if (oldest) this.parts.metrics.judged((this.parts.now() - oldest.timestamp) / 1_000);
    return Promise.resolve(outcomes);
  }

  /**
   * The judge is a function of the record alone: where it throws, it would throw at every reading, and the partition would stand
   * still. So this one record goes to quarantine with its bytes, and the fault into the log without them.
   */
  private outcomeOf(record: KafkaRecord): Outcome {
    const { judge, logger, rejectedTopic } = this.parts;
    try {
      return judge(record);
    } catch (error) {
      const { partition, offset } = record;
      const stack =
        error instanceof Error ? error.stack?.split('\n').filter((line) => /^\s+at /.test(line)) : undefined;
      logger.error({ partition, offset, stack }, 'ingestion failed on a record: it goes to quarantine as unstorable');
      const words = 'Ingestion failed on this record by a fault of its own. Its bytes are kept: tell the operators.';
      return rejectRecord(record, refused('unstorable', words), {}, rejectedTopic);
    }
  }
}
