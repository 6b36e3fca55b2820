// Valid audit events for tests: say only what the test is about.
import { randomUUID } from 'node:crypto';
import type { AuditEvent } from '@auditlane/contracts';

export function makeEvent(overrides: Partial<AuditEvent> = {}): AuditEvent & { readonly id: string } {
  return {
    tenantId: 'acme',
    action: 'workflows.workflow_created',
    occurredAt: new Date().toISOString(),
    actor: { type: 'user', email: 'jane@acme.test' },
    workspace: { id: 'ws-1', name: 'Production' },
    parameters: { name: 'Nightly sync' },
    details: 'Created from a template',
    ...overrides,
    id: overrides.id ?? randomUUID(),
  };
}
