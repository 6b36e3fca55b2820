// The one event that a test of a connection may write, where it is asked for: marked so that no rule, count or gap check takes it for a real one.
import type { DeliverableEvent } from './types';

/** Not in the catalogue, so that no alarm on a real action goes off. */
export const testAction = 'auditlane.connection_test';

/** It takes the path of every event through `encode`, so that index, source type, format and mapping are really tried. Nothing of it is stored by us. */
export function testEvent(tenant: string, id: string, at: Date): DeliverableEvent {
  const time = at.toISOString();
  // In the order of RFC 8785, as stored events are.
  const canonical = JSON.stringify({
    action: testAction,
    actor: { name: 'Auditlane', type: 'system' },
    details: 'Test of a connection. Nothing happened; this event is not part of the audit log.',
    id,
    occurredAt: time,
    receivedAt: time,
    tenantId: tenant,
    test: true,
  });
  return {
    // The log begins with 1: nobody misses 0, and nobody finds it twice.
    seq: 0,
    canonical: Buffer.from(canonical),
    headers: {
      tenant,
      id,
      contentHash: '',
      action: testAction,
      area: 'auditlane',
      category: 'System configuration',
      occurredAt: at.getTime(),
      receivedAt: at.getTime(),
      workspace: '',
      actor: 'Auditlane',
      clockSkew: false,
      seq: 0,
      acceptedOffset: 0,
    },
  };
}
