// What a partition's runner is given: the process-wide parts that all partitions share.
import type { EventReader } from '@auditlane/storage';
import type { Logger } from 'pino';
import type { DestinationView } from './domain/effects';
import type { Knobs } from './domain/knobs';
import type { LaneHost } from './domain/lane';
import type { DeliveryStore } from './delivery-store';
import type { DeliveryMetrics } from './metrics';
import type { Sender } from './sender';
import type { SettingsStore } from './settings-store';

export interface Deps {
  readonly knobs: Knobs;
  readonly budgets: LaneHost['budgets'];
  readonly settings: SettingsStore;
  readonly store: DeliveryStore;
  readonly reader: Pick<EventReader, 'read'>;
  readonly sender: Sender;
  readonly metrics: DeliveryMetrics;
  readonly logger: Logger;
  readonly commitIntervalMs: number;
  /** The process is going: no request starts any more. */
  stopping(): boolean;
  destinationsOf(partition: number): readonly DestinationView[];
  statusSoon(): void;
  crash(error: unknown, message: string): void;
}
