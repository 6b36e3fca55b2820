// Reading the log over the API, page by page, as a tenant's viewer does.
import { z } from 'zod';
import type { DeliveryLine } from './delivery-line';

const itemSchema = z.looseObject({
  id: z.string(),
  tenantId: z.string(),
  seq: z.number(),
  action: z.string(),
  area: z.string(),
  category: z.string(),
  occurredAt: z.string(),
  receivedAt: z.string(),
});
export type EventItem = z.infer<typeof itemSchema>;
const pageSchema = z.object({ items: z.array(itemSchema), nextCursor: z.string().nullable() });

/** Everything that a tenant's token shows, by seq. */
export async function readAllEvents(line: DeliveryLine, tenant: string): Promise<readonly EventItem[]> {
  const items: EventItem[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const query: string = new URLSearchParams({ limit: '40', ...(cursor === '' ? {} : { cursor }) }).toString();
    const { status, body } = await line.call(`/events?${query}`, { tenant, role: 'viewer' });
    expect(status).toBe(200);
    const page = pageSchema.parse(body);
    items.push(...page.items);
    cursor = page.nextCursor;
  }
  return items.sort((a, b) => a.seq - b.seq);
}
