// Shows a pool in the metrics: a process whose queries wait for a connection looks idle in every other one.
import type { Pool } from 'pg';
import type { Registry } from 'prom-client';
import { gauge } from '@auditlane/observability';

export function showPool(registry: Registry, pool: Pool): void {
  gauge(registry, 'auditlane_pg_pool_connections', 'Connections to PostgreSQL by state', ['state'], (made) => {
    made.set({ state: 'idle' }, pool.idleCount);
    made.set({ state: 'used' }, pool.totalCount - pool.idleCount);
    made.set({ state: 'awaited' }, pool.waitingCount);
  });
}
