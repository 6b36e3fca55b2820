// An event of each of the 92 actions as the store holds it: judged and written by ingestion's own code, all optional fields filled.
import { catalogue, decodeAcceptedHeaders, defaultLimits, namesWith, type AuditEvent } from '@auditlane/contracts';
import type { DeliverableEvent } from '@auditlane/destinations';
import { createJudge } from '../../services/ingestion/src/domain/judge-record';

const now = Date.parse('2026-11-23T20:00:00.000Z');

/** What two events may give one parameter, and no common mapping takes both of. */
const unlike = [5, 'unlimited', true, ['x', 1, false], '198.51.100.7', '2026-11-23', 1.5e300];

const actors: readonly AuditEvent['actor'][] = [
  { type: 'user', email: 'jane@acme.test', id: 'u-1', name: 'Jane Doe' },
  { type: 'api_key', email: 'omar@acme.test', id: 'key-7' },
  { type: 'service_account', name: 'provisioning bot', id: 'svc-17' },
  { type: 'system' },
];

export function eventsOfEveryAction(tenantId: string): readonly DeliverableEvent[] {
  const judge = createJudge({ limits: defaultLimits, tenants: undefined, names: namesWith('') });
  const actions = catalogue.flatMap((area) => area.actions.map(({ key }) => key));
  return actions.map((action, at) => {
    const event: AuditEvent = {
      tenantId,
      action,
      id: `event-${at}`,
      occurredAt: new Date(now + at).toISOString(),
      actor: actors[at % actors.length] ?? { type: 'system' },
      workspace: { id: `ws-${at % 3}`, name: 'Production' },
      parameters: {
        name: `subject of ${action}`,
        limit: unlike[at % unlike.length] ?? '',
        [`only.${action}`]: at,
        'a.b': at % 2 === 0 ? at : 'text',
        ' ': 'blank',
      },
      details: `${action} "was" done\n</script>\u2028`,
      context: {
        ip: at % 5 === 0 ? 'not an address' : `198.51.100.${at}`,
        userAgent: 'Mozilla/5.0 (X11; Linux x86_64)',
        requestId: `req-${at}`,
        traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      },
      schemaVersion: 1,
    };
    const value = Buffer.from(JSON.stringify(event));
    const outcome = judge({ topic: 'audit.events', partition: 0, offset: at, timestamp: now + at, value, headers: {} });
    const emitted = outcome.kind === 'ok' ? outcome.emit : undefined;
    const headers = emitted && decodeAcceptedHeaders(emitted.headers);
    if (!emitted || !headers) throw new Error(`ingestion does not take ${action}: ${JSON.stringify(outcome)}`);
    const seq = at + 1;
    return { seq, canonical: emitted.value, headers: { ...headers, seq, acceptedOffset: at } };
  });
}
