// Finds in what a receiver was sent the facts that tests ask about: whose event it is, which number, which id.

export interface SinkEvent {
  readonly tenant: string;
  readonly seq: number;
  readonly id: string;
  /** As it was parsed: HEC envelope, element of the body, or document. */
  readonly value: JsonObject;
}

export interface JsonObject {
  readonly [key: string]: unknown;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads all three shapes; what is missing is empty, or −1. */
export function sinkEvent(value: JsonObject): SinkEvent {
  const fields = isObject(value['fields']) ? value['fields'] : {};
  const inner = isObject(value['event']) ? value['event'] : {};
  const own = isObject(value['auditlane']) ? value['auditlane'] : {};
  const organization = isObject(value['organization']) ? value['organization'] : {};
  return {
    tenant: firstText(fields['tenant'], value['tenantId'], own['tenant'], organization['id'], inner['tenantId']),
    seq: Number(firstText(fields['seq'], value['seq'], own['seq'], inner['sequence'], inner['seq']) || -1),
    id: firstText(fields['event_id'], own['id'], inner['id'], value['id']),
    value,
  };
}

function firstText(...values: readonly unknown[]): string {
  for (const value of values) if (typeof value === 'string' || typeof value === 'number') return String(value);
  return '';
}
