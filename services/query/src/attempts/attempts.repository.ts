// Reads the last requests to a destination, as the forwarders have written them down with its status.
import { withTenant } from '@auditlane/storage';
import type { Pool } from 'pg';
import { writtenAttemptsSchema, type Attempt } from './attempts.schema';

interface Row {
  readonly attempts: unknown;
  readonly updated_at: Date | null;
}

export interface Attempts {
  readonly items: readonly Attempt[];
  readonly asOf: Date | null;
}

export class AttemptsRepository {
  constructor(private readonly pool: Pool) {}

  /** `undefined`: the tenant has no such destination. */
  async of(tenant: string, destination: string): Promise<Attempts | undefined> {
    return withTenant(this.pool, tenant, async (client) => {
      const { rows } = await client.query<Row>(
        `select s.attempts, s.updated_at from settings.destinations d left join delivery.status s on s.destination_id = d.id
         where d.tenant_id = $1 and d.id = $2`,
        [tenant, destination],
      );
      const [row] = rows;
      return row && { items: writtenAttemptsSchema.parse(row.attempts ?? []), asOf: row.updated_at };
    });
  }
}
