// The destinations of this type, as the settings have them: loaded whole, then kept up by version. Versions commit in order, so that a poll misses none.
import type { Pool, PoolClient } from 'pg';
import type { DestinationType } from '@auditlane/contracts';
import type { KeyRing } from '@auditlane/secrets';
import { inTransaction } from '@auditlane/storage';
import { ConfiguredDestination, type DestinationRow } from './destination';

const columns = 'id, tenant_id, type, enabled, url, options, ca_pem, filter, token, version, start_seq, start_version';

export class SettingsStore {
  private readonly known = new Map<string, ConfiguredDestination>();
  private applied = -1;
  private refreshing: Promise<boolean> | undefined;

  constructor(
    private readonly pool: Pool,
    private readonly type: DestinationType,
    private readonly keyRing: KeyRing,
  ) {}

  get version(): number {
    return this.applied;
  }

  get(id: string): ConfiguredDestination | undefined {
    return this.known.get(id);
  }

  all(): Iterable<ConfiguredDestination> {
    return this.known.values();
  }

  /** Reads what changed since the last time. Whoever calls while a read is under way gets one that began after the call. */
  async refresh(): Promise<boolean> {
    const before = this.refreshing;
    const next = (async () => {
      await before?.catch(() => undefined);
      return this.read();
    })();
    this.refreshing = next;
    return next;
  }

  private async read(): Promise<boolean> {
    const found = await inTransaction(this.pool, async (client) => {
      await client.query('set transaction isolation level repeatable read, read only');
      const { rows } = await client.query<{ version: number }>('select version from settings.version');
      const version = rows[0]?.version ?? 0;
      if (version === this.applied) return undefined;
      const changed = await client.query<DestinationRow>(
        `select ${columns} from settings.destinations where type = $1 and version > $2`,
        [this.type, this.applied],
      );
      return { version, changed: changed.rows, ids: await this.remainingIds(client, changed.rows) };
    });
    if (!found) return false;
    for (const row of found.changed) this.known.set(row.id, new ConfiguredDestination(row, this.keyRing));
    if (found.ids) for (const id of this.known.keys()) if (!found.ids.has(id)) this.known.delete(id);
    this.applied = found.version;
    return true;
  }

  /** Only where the count says that some were deleted: the list of a hundred thousand is worth avoiding. */
  private async remainingIds(client: PoolClient, changed: readonly DestinationRow[]): Promise<Set<string> | undefined> {
    const added = changed.filter(({ id }) => !this.known.has(id)).length;
    const counted = await client.query<{ count: number }>(
      'select count(*) from settings.destinations where type = $1',
      [this.type],
    );
    if (counted.rows[0]?.count === this.known.size + added) return undefined;
    const { rows } = await client.query<{ id: string }>('select id from settings.destinations where type = $1', [
      this.type,
    ]);
    return new Set(rows.map(({ id }) => id));
  }
}
