// The one page that a producer team asks for: the topic, its key and headers, and what a message must look like, as AsyncAPI 3.
import { auditEventJsonSchema } from './event';
import { topicNames } from './topics';

/** An AsyncAPI 3.1 document of the public topic `audit.events`. */
export function asyncApiDocument(version: string): Record<string, unknown> {
  const { $schema: _dialect, $id: _id, ...payload } = auditEventJsonSchema();
  return {
    asyncapi: '3.1.0',
    info: {
      title: 'Auditlane producer contract',
      version,
      description:
        'Publish one JSON object per message. At-least-once is enough: an event with the same `id` in the same tenant is stored once. ' +
        'A message that is not an audit event is kept in quarantine with its reason; it never disappears and never stops others.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      auditEvents: {
        address: topicNames.events,
        description:
          'Kafka topic; cleanup.policy=delete, message.timestamp.type=LogAppendTime. Any compression: gzip, snappy, lz4 or zstd.',
        messages: { auditEvent: { $ref: '#/components/messages/auditEvent' } },
        bindings: { kafka: { topic: topicNames.events, bindingVersion: '0.5.0' } },
      },
    },
    operations: {
      publishAuditEvent: {
        action: 'send',
        channel: { $ref: '#/channels/auditEvents' },
        summary: 'Say who did what, and when.',
        messages: [{ $ref: '#/channels/auditEvents/messages/auditEvent' }],
      },
    },
    components: {
      messages: {
        auditEvent: {
          name: 'AuditEvent',
          title: 'Audit event',
          contentType: 'application/json',
          summary: 'Plain JSON; CloudEvents (structured or binary) around the same object are read too.',
          bindings: {
            kafka: {
              key: { type: 'string', description: 'The tenantId, so that the events of a tenant keep their order.' },
              bindingVersion: '0.5.0',
            },
          },
          payload: { schemaFormat: 'application/schema+json;version=draft-2020-12', schema: payload },
        },
      },
    },
  };
}
