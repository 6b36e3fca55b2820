// Every entity of the settings and delivery tables; events never pass through TypeORM.
import { DeadLetter, DeliveryCursor, DeliveryGap, DeliveryReplica, DeliveryStatus } from './delivery';
import { Destination } from './destination';

export * from './delivery';
export * from './destination';
export const entities = [
  Destination,
  DeliveryCursor,
  DeliveryStatus,
  DeadLetter,
  DeliveryGap,
  DeliveryReplica,
] as const;
