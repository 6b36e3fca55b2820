// Events that can be told apart and put in order again: tenant by tenant, each with its number.
import { setTimeout as delay } from 'node:timers/promises';
import { partitionOf, type AuditEvent } from '@auditlane/contracts';
import { makeEvent, testPartitions } from '@auditlane/testing';

/** A tenant that lives in the given partition; `nth` tells several apart. */
export function tenantIn(partition: number, nth = 0): string {
  for (let i = 0, found = 0; ; i++) {
    const tenant = `tenant-${i}`;
    if (partitionOf(tenant, testPartitions) === partition && found++ === nth) return tenant;
  }
}

/** Two tenants share the first partition, one has the second for itself, the third partition has one as well. */
export const tenants = [tenantIn(0), tenantIn(0, 1), tenantIn(1), tenantIn(2)] as const;

export const idOf = (number: number): string => `event-${String(number).padStart(5, '0')}`;

/** Events number `from` … `from + count - 1` of each tenant, tenants taking turns. */
export function trafficOf(
  count: number,
  { from = 1, of = tenants }: { from?: number; of?: readonly string[] } = {},
): AuditEvent[] {
  return Array.from({ length: count }, (_, index) =>
    of.map((tenantId) => makeEvent({ tenantId, id: idOf(from + index), details: `number ${from + index}` })),
  ).flat();
}

/** 1 … n. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, index) => index + 1);

const paceMs = 20;

/** Repeats `each`, a moment apart, for as long as the work takes; answers how often. */
export async function during(work: Promise<unknown>, each: () => Promise<void>): Promise<number> {
  const over = new AbortController();
  const watched = work.finally(() => over.abort());
  let times = 0;
  for (; !over.signal.aborted; times++) {
    await each();
    await Promise.race([watched, delay(paceMs)]);
  }
  await watched;
  return times;
}
