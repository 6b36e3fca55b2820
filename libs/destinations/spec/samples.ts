// Events, answers and opened destinations for the specs of this library; nothing outside specs imports it.
import type { DestinationType, StoredHeaders } from '@auditlane/contracts';
import { registry, type DeliverableEvent, type Destination, type InboundResponse } from '../src';

export const destinationId = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
export const now = Date.parse('2026-11-23T20:00:00.000Z');

export function sampleEvent(seq: number, headers: Partial<StoredHeaders> = {}, extra = {}): DeliverableEvent {
  const facts: StoredHeaders = {
    tenant: 'acme',
    id: `0197f3c0-0000-7000-8000-${String(seq).padStart(12, '0')}`,
    contentHash: 'A'.repeat(43),
    action: 'workflows.workflow_created',
    area: 'workflows',
    category: 'System configuration',
    occurredAt: now + seq,
    receivedAt: now + seq + 5,
    workspace: 'prod',
    actor: 'jane@acme.test',
    clockSkew: false,
    seq,
    acceptedOffset: seq + 100,
    ...headers,
  };
  const event = { action: facts.action, actor: { email: facts.actor, type: 'user' }, id: facts.id, ...extra };
  return { seq, canonical: Buffer.from(JSON.stringify({ ...event, tenantId: facts.tenant })), headers: facts };
}

export const sampleEvents = (count: number): readonly DeliverableEvent[] =>
  Array.from({ length: count }, (_, at) => sampleEvent(at + 1));

const tokens: Readonly<Record<DestinationType, string>> = {
  splunk: '11111111-2222-3333-4444-555555555555',
  http: 'collector-token',
  elasticsearch: 'a2V5LWlkOmFwaS1rZXk=',
};

export interface Opening {
  readonly url?: string;
  readonly options?: unknown;
  readonly token?: string;
}

export const openFaults = (type: DestinationType, opening: Opening = {}) => {
  const { url = 'https://siem.acme.test', options = {}, token = tokens[type] } = opening;
  return registry[type].open({ id: destinationId, url, options, token, now: () => now });
};

export function opened(type: DestinationType, opening: Opening = {}): Destination {
  const result = openFaults(type, opening);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.destination;
}

export const answer = (
  status: number,
  body: unknown = '',
  headers: Readonly<Record<string, string>> = {},
  truncated = false,
): InboundResponse => ({
  status,
  headers,
  body: Buffer.isBuffer(body) ? body : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
  truncated,
});

export const elastic = { 'x-elastic-product': 'Elasticsearch' };

export const hec = (status: number, code: number, text: string, extra = {}): InboundResponse =>
  answer(status, { text, code, ...extra });

export const bulk = (...items: readonly unknown[]): InboundResponse =>
  answer(200, { took: 3, errors: true, items: items.map((create) => ({ create })) }, elastic);

/** What a type's receiver says where it took all of `count` events. */
export const accepted = (type: DestinationType, count: number): InboundResponse => {
  const answers: Readonly<Record<DestinationType, () => InboundResponse>> = {
    splunk: () => hec(200, 0, 'Success'),
    http: () => answer(202),
    elasticsearch: () => bulk(...Array.from({ length: count }, () => ({ status: 201 }))),
  };
  return answers[type]();
};
