// What this lib needs of the process it runs in, by structure: the logger, the metrics registry and the health of libs/observability fit.
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';

export interface KafkaRuntime {
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: { addReadiness(name: string, check: () => boolean): void };
}
