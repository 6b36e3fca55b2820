// The front door of the producer SDK: publish typed audit events and know what became of each.
export {
  AuditProducer,
  DeliveryTimeoutError,
  ProducerClosedError,
  QueueFullError,
  type AuditProducerOptions,
  type Published,
  type Transport,
} from './audit-producer';
export { createAuditProducer, type KafkaAuditProducerOptions } from './create-audit-producer';
export { InvalidAuditEventError, type NewAuditEvent } from './prepare-event';
