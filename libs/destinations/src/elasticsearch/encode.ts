// The bulk body: a `create` under an id made from the event's identity, and a document in ECS names with the stored event inside.
import { hash } from 'node:crypto';
import { jsonText, jsonTextBytes, type Piece } from '../pieces';
import type { DeliverableEvent } from '../types';
import type { ElasticsearchSettings } from './settings';

/** The same event always gets the same id, so that a repeat is refused as a conflict instead of stored twice. NUL stands in no tenant id. */
export const documentId = (tenant: string, id: string): string => hash('sha256', `${tenant}\u0000${id}`, 'base64url');

/** Areas and categories of the catalogue that ECS has an allowed event.category for; user actions fit none of them as a whole. */
function ecsCategory(area: string, category: string): string {
  if (area === 'tenant_user_management') return ',"category":["iam"]';
  if (category === 'Setting updates' || category === 'System configuration') return ',"category":["configuration"]';
  return '';
}

const lastInstant = 8.64e15;

/** Headers may name an instant that no calendar has; the document then carries the nearest that there is. */
const timestamp = (ms: number): string => new Date(Math.min(Math.max(ms, -lastInstant), lastInstant)).toISOString();

const userField = (actor: string): string => (/^[^\s@]+@[^\s@]+$/.test(actor) ? 'email' : 'name');

/** What a repeat and a size estimate share: everything of the document but its id and the stored event. */
function frame({ seq, headers }: DeliverableEvent): readonly [head: string, facts: string] {
  return [
    `"}}\n{"@timestamp":"${timestamp(headers.occurredAt)}","ecs":{"version":"8.11.0"},` +
      `"event":{"id":${jsonText(headers.id)},"kind":"event","action":${jsonText(headers.action)},"dataset":"audit.events"` +
      ecsCategory(headers.area, headers.category),
    `},"organization":{"id":${jsonText(headers.tenant)}},"user":{"${userField(headers.actor)}":${jsonText(headers.actor)}},` +
      `"auditlane":{"seq":${seq},"area":${jsonText(headers.area)},"category":${jsonText(headers.category)}}`,
  ];
}

const create = '{"create":{"_id":"';
const originalKey = ',"original":';
const auditKey = ',"audit":';
const end = '}\n';

/**
 * As `text` the stored event is one string: no parameter can then meet a mapping of another type (a number here, text there, a dotted name), no
 * parameter's name adds a field to the mapping, and no synthetic _source puts its members into another order. As `object` the raw bytes are nested as they are.
 */
export function bulkLines(shape: ElasticsearchSettings['event'], event: DeliverableEvent): readonly Piece[] {
  const [head, facts] = frame(event);
  const opening = create + documentId(event.headers.tenant, event.headers.id) + head;
  return shape === 'text'
    ? [opening + originalKey + jsonText(event.canonical.toString('utf8')) + facts + end]
    : [opening + facts + auditKey, event.canonical, end];
}

const idBytes = 43;

/** The same count without hashing the id or escaping the event: it is asked for each event that is queued. */
export function bulkLineBytes(shape: ElasticsearchSettings['event'], event: DeliverableEvent): number {
  const [head, facts] = frame(event);
  const around = create.length + idBytes + Buffer.byteLength(head) + Buffer.byteLength(facts) + end.length;
  return shape === 'text'
    ? around + originalKey.length + jsonTextBytes(event.canonical)
    : around + auditKey.length + event.canonical.length;
}
