// The front door of libs/kafka, the only place that knows kafkajs.
export * from './batch.producer';
export { type KafkaConnection } from './client';
export * from './decorators';
export { type Settlement, settle } from './domain/settle';
export { faultText, type TopicFault } from './domain/topic-contract';
export * from './kafka-batch.server';
export * from './records';
export type { KafkaRuntime } from './runtime';
export * from './topics.admin';
