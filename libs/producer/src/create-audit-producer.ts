// Wires the SDK to Kafka, for callers that bring no transport of their own.
import { BatchProducer } from '@auditlane/kafka';
import { AuditProducer, type AuditProducerOptions, type Transport } from './audit-producer';

export interface KafkaAuditProducerOptions extends Omit<AuditProducerOptions, 'transport'> {
  /** host:port of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
}

/** A producer of audit events; connects at the first publish, so that a broker that is down at start is no error. */
export function createAuditProducer({
  brokers,
  clientId = 'auditlane-producer',
  ...options
}: KafkaAuditProducerOptions): AuditProducer {
  return new AuditProducer({ ...options, transport: kafkaTransport(brokers, clientId) });
}

function kafkaTransport(brokers: readonly string[], clientId: string): Transport {
  const producer = new BatchProducer({ connection: { brokers: [...brokers], clientId } });
  return {
    connect: () => producer.connect(),
    disconnect: () => producer.disconnect(),
    async send(records) {
      if ((await producer.send(records)) === 'abandoned')
        throw new Error('the connection was closed before the brokers answered');
    },
  };
}
