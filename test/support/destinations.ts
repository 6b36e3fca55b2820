// Destinations as an admin sets them up, over the real API: create, change, remove, and wait until the forwarders have taken them in.
import { z } from 'zod';
import { eventually } from '@auditlane/testing';
import type { Answer, DeliveryLine } from './delivery-line';
import type { Address } from './receivers';

export interface Destination {
  readonly id: string;
  readonly tenant: string;
}

const viewSchema = z.object({
  id: z.string(),
  type: z.string(),
  name: z.string(),
  enabled: z.boolean(),
  url: z.string(),
  options: z.record(z.string(), z.unknown()),
  caPem: z.string().nullable(),
  applied: z.boolean(),
  startSeq: z.number(),
  health: z.object({ state: z.string(), reason: z.string().nullable(), lagEvents: z.number() }),
});
export type DestinationView = z.infer<typeof viewSchema>;

const role = 'settings-admin';

export async function createDestination(
  line: DeliveryLine,
  tenant: string,
  address: Address,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Destination> {
  const json = { name: `${address.type} of ${tenant}`, enabled: true, ...address, ...changes };
  const answer = await line.call('/destinations', { tenant, role, method: 'POST', json });
  return { tenant, id: saved(answer, 201).id };
}

/** Replaces settings under the version that is there now; a token that is not named stays. */
export async function changeDestination(
  line: DeliveryLine,
  { id, tenant }: Destination,
  changes: Readonly<Record<string, unknown>>,
): Promise<void> {
  const read = await line.call(`/destinations/${id}`, { tenant, role });
  const { type, name, enabled, url, options, caPem } = saved(read, 200);
  const json = { type, name, enabled, url, options, caPem, ...changes };
  const headers = { 'if-match': read.etag };
  saved(await line.call(`/destinations/${id}`, { tenant, role, method: 'PUT', json, headers }), 200);
}

export async function removeDestination(line: DeliveryLine, { id, tenant }: Destination): Promise<void> {
  const { etag } = await line.call(`/destinations/${id}`, { tenant, role });
  const headers = { 'if-match': etag };
  expect((await line.call(`/destinations/${id}`, { tenant, role, method: 'DELETE', headers })).status).toBe(204);
}

export async function viewOf(line: DeliveryLine, { id, tenant }: Destination): Promise<DestinationView> {
  return saved(await line.call(`/destinations/${id}`, { tenant, role }), 200);
}

/** Until the API says that what was saved is in force at every forwarder of the type. */
export async function untilApplied(line: DeliveryLine, destinations: readonly Destination[]): Promise<void> {
  for (const destination of destinations)
    await eventually(
      async () => {
        const { applied } = await viewOf(line, destination);
        return applied;
      },
      { timeoutMs: 30_000, everyMs: 100 },
    );
}

/** Until every forwarder works by the newest settings: for what was removed, which the API no longer shows. */
export async function untilAllSettingsApplied({ db }: DeliveryLine): Promise<void> {
  await eventually(async () => {
    const { rows } = await db.pool.query<{ behind: number }>(
      'select count(*)::int as behind from delivery.replica r, settings.version v where r.settings_version < v.version',
    );
    expect(rows).toEqual([{ behind: 0 }]);
    return true;
  });
}

function saved(answer: Answer, status: number): DestinationView {
  expect([answer.status, answer.body]).toEqual([status, expect.anything()]);
  return viewSchema.parse(answer.body);
}
