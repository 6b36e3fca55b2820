// The events that the benches send: about 700 bytes each, as a producer writes them and as they stand in `accepted` and `stored`.
import { createHash } from 'node:crypto';
import {
  catalogue,
  encodeAcceptedHeaders,
  encodeStoredHeaders,
  type AcceptedHeaders,
  type OutgoingHeaders,
  type StoredHeaders,
} from '@auditlane/contracts';

const actions = catalogue.flatMap((area) =>
  area.actions.map((action) => ({ area: area.key, key: action.key, category: action.category })),
);

export const tenantsOf = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => `tenant-${i}`);

/** Enough tenants that every partition has some. */
export const benchTenants: readonly string[] = tenantsOf(48);

export const benchId = (i: number): string => `bench-${i.toString(36).padStart(8, '0')}`;

export interface BenchEvent {
  readonly tenant: string;
  /** About 700 bytes of JSON in canonical key order. */
  readonly value: Buffer;
  readonly headers: AcceptedHeaders;
}

/** The tenants take turns. */
export function benchEvent(
  i: number,
  now: number,
  occurredAt = new Date(now - (i % 60_000)),
  tenants = benchTenants,
): BenchEvent {
  const tenant = tenants[i % tenants.length] ?? 'tenant-0';
  const action = actions[i % actions.length] ?? {
    area: 'users',
    key: 'users.user_logged_in',
    category: 'User actions',
  };
  const id = benchId(i);
  const body = {
    action: action.key,
    actor: { email: `user${i % 500}@${tenant}.test`, name: `User Number ${i % 500}`, type: 'user' },
    context: { ip: '198.51.100.7', requestId: `req-${i}`, userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/144.0' },
    details:
      'A sentence or two about what was done, in the words of the product, long enough to be worth reading twice over.',
    id,
    occurredAt: occurredAt.toISOString(),
    parameters: {
      count: i % 97,
      name: `Object ${i % 1000}`,
      object_id: `obj-${i % 1000}`,
      previous: 'disabled',
      tags: ['alpha', 'beta', 'gamma'],
      value: 'enabled',
    },
    schemaVersion: 1,
    tenantId: tenant,
    workspace: { id: `ws-${i % 20}`, name: `Workspace ${i % 20}` },
  };
  const value = Buffer.from(JSON.stringify(body));
  return {
    tenant,
    value,
    headers: {
      tenant,
      id,
      contentHash: createHash('sha256').update(value).digest('base64url'),
      action: action.key,
      area: action.area,
      category: action.category,
      occurredAt: occurredAt.getTime(),
      receivedAt: now,
      workspace: body.workspace.name,
      actor: body.actor.email,
      clockSkew: false,
    },
  };
}

export const acceptedHeaders = (event: BenchEvent): OutgoingHeaders => encodeAcceptedHeaders(event.headers);

export function storedHeaders(event: BenchEvent, seq: number, acceptedOffset: number): OutgoingHeaders {
  const headers: StoredHeaders = { ...event.headers, seq, acceptedOffset };
  return encodeStoredHeaders(headers);
}
