// One event as a destination type would send it: the very request, without what proves who sends it.
import { catalogueEntry, catalogue, type DestinationType } from '@auditlane/contracts';
import { registry, type ConfigFault, type DeliverableEvent } from '@auditlane/destinations';
import type { Query } from '@auditlane/search';

export interface SampleRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Before compression. */
  readonly body: string;
  readonly bodyTruncated: boolean;
  readonly gzip: boolean;
}

export type Sampled =
  | { readonly ok: true; readonly request: SampleRequest }
  | { readonly ok: false; readonly faults: readonly ConfigFault[] };

/** Fits every way to sign in; taken out again with the header that carries it. */
const noToken = 'preview:without-token';
const anyReceiver = 'https://receiver.example';
const longestBody = 65_536;

export function sampleRequest(
  id: string,
  wanted: { readonly type: DestinationType; readonly url?: string | undefined; readonly options: unknown },
  event: DeliverableEvent,
): Sampled {
  const { type, url = anyReceiver, options } = wanted;
  const opened = registry[type].open({ id, url, options, token: noToken });
  if (!opened.ok) return opened;
  const { method, url: address, headers, body, gzip } = opened.destination.encode([event]);
  const shown = Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'authorization'));
  const text = body.toString('utf8');
  const request = { method, url: address, headers: shown, gzip };
  return text.length <= longestBody
    ? { ok: true, request: { ...request, body: text, bodyTruncated: false } }
    : { ok: true, request: { ...request, body: text.slice(0, longestBody).toWellFormed(), bodyTruncated: true } };
}

/** Where the tenant has no event that the filter finds: one of an action that it names, if it names one. */
export function madeUpEvent(tenant: string, query: Query, now: number): DeliverableEvent {
  const action = namedAction(query);
  const { area, category } = catalogueEntry(action) ?? { area: '', category: '' };
  const id = '00000000-0000-7000-8000-000000000000';
  const at = new Date(now).toISOString();
  // In the order of RFC 8785, as the stored bytes are.
  const canonical = {
    action,
    actor: { email: 'jane@example.com', type: 'user' },
    context: { ip: '203.0.113.7' },
    details: 'A made-up event',
    id,
    occurredAt: at,
    parameters: { name: 'Example' },
    receivedAt: at,
    tenantId: tenant,
    workspace: { name: 'Example' },
  };
  return {
    seq: 1,
    canonical: Buffer.from(JSON.stringify(canonical)),
    headers: {
      tenant,
      id,
      contentHash: '',
      action,
      area,
      category,
      occurredAt: now,
      receivedAt: now,
      workspace: 'Example',
      actor: 'jane@example.com',
      clockSkew: false,
      seq: 1,
      acceptedOffset: 0,
    },
  };
}

function namedAction({ terms }: Query): string {
  const all = catalogue.flatMap((area) => area.actions.map(({ key }) => key));
  for (const term of terms) {
    if (term.kind !== 'field' || term.negated) continue;
    const [value] = term.values;
    if (!value) continue;
    if (term.field === 'action')
      return all.find((key) => (value.prefix ? key.startsWith(value.text) : key === value.text)) ?? value.text;
    if (term.field === 'area')
      return all.find((key) => key.startsWith(value.prefix ? value.text : `${value.text}.`)) ?? all[0] ?? '';
  }
  return 'workflows.workflow_created';
}
