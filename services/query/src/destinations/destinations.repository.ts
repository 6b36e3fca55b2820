// Reads and writes destinations in the tenant's row-level security. Every write takes the settings counter's lock first, so that versions
// commit in order and checks see what they are about.
import type { DestinationType } from '@auditlane/contracts';
import type { KeyRing } from '@auditlane/secrets';
import { withTenant } from '@auditlane/storage';
import type { Pool, PoolClient } from 'pg';
import { lastFour } from './domain/token-rule';
import type { DestinationRow } from './domain/destination-view';

export interface DestinationDraft {
  readonly type: DestinationType;
  readonly name: string;
  readonly enabled: boolean;
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly caPem: string | null;
  readonly filter: string | null;
  /** Left out: the stored token stays. */
  readonly token?: string | undefined;
}

export type Written =
  { readonly kind: 'written'; readonly id: string } | { readonly kind: 'changed' } | { readonly kind: 'quota' };

export interface SecretPlaceOf {
  readonly tenant: string;
  readonly destination: string;
}

export const tokenPlace = (tenant: string, destination: string, version: number) =>
  ({ tenant, destination, field: 'token', version }) as const;

/** A replica that has not been seen for this long does not hold up `applied`. */
const replicaSeconds = 30;

export class DestinationsRepository {
  constructor(
    private readonly pool: Pool,
    private readonly keyRing: KeyRing,
    private readonly groups: Readonly<Record<DestinationType, string>>,
  ) {}

  list(tenant: string): Promise<readonly DestinationRow[]> {
    return withTenant(this.pool, tenant, (client) => this.read(client, tenant, 'd.tenant_id = $1', []));
  }

  find(tenant: string, id: string): Promise<DestinationRow | undefined> {
    return withTenant(this.pool, tenant, async (client) => {
      const [row] = await this.read(client, tenant, 'd.tenant_id = $1 and d.id = $4', [id]);
      return row;
    });
  }

  create(tenant: string, id: string, draft: DestinationDraft & { token: string }, quota: number): Promise<Written> {
    return withTenant(this.pool, tenant, async (client): Promise<Written> => {
      await lockSettings(client);
      const { rows } = await client.query<{ count: number }>(
        'select count(*) from settings.destinations where tenant_id = $1',
        [tenant],
      );
      if ((rows[0]?.count ?? 0) >= quota) return { kind: 'quota' };
      const version = await raiseVersion(client);
      await client.query(
        `insert into settings.destinations
           (id, tenant_id, type, name, enabled, url, options, ca_pem, filter, token, token_last4, start_seq, start_version)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, ${nextSeq('$2')}, $12)`,
        [
          id,
          tenant,
          draft.type,
          ...columnsOf(draft),
          JSON.stringify(this.keyRing.seal(draft.token, tokenPlace(tenant, id, version))),
          lastFour(draft.token),
          version,
        ],
      );
      return { kind: 'written', id };
    });
  }

  /** `expected` is the version that the caller has judged; `fromNow` moves the start to the tenant's next event. */
  update(tenant: string, id: string, expected: number, draft: DestinationDraft, fromNow: boolean): Promise<Written> {
    return withTenant(this.pool, tenant, async (client): Promise<Written> => {
      await lockSettings(client);
      const { rows } = await client.query<{ version: number }>(
        'select version from settings.destinations where tenant_id = $1 and id = $2',
        [tenant, id],
      );
      if (rows[0]?.version !== expected) return { kind: 'changed' };
      const version = await raiseVersion(client);
      await client.query(
        `update settings.destinations set name = $3, enabled = $4, url = $5, options = $6, ca_pem = $7, filter = $8
         where tenant_id = $1 and id = $2`,
        [tenant, id, ...columnsOf(draft)],
      );
      if (draft.token !== undefined) {
        const sealed = this.keyRing.seal(draft.token, tokenPlace(tenant, id, version));
        await client.query(
          'update settings.destinations set token = $3, token_last4 = $4 where tenant_id = $1 and id = $2',
          [tenant, id, JSON.stringify(sealed), lastFour(draft.token)],
        );
      }
      if (fromNow)
        await client.query(
          `update settings.destinations set start_seq = ${nextSeq('$1')}, start_version = $3 where tenant_id = $1 and id = $2`,
          [tenant, id, version],
        );
      return { kind: 'written', id };
    });
  }

  /** Cursors, status and dead letters go with it, in the same transaction. */
  remove(tenant: string, id: string, expected: number): Promise<Written> {
    return withTenant(this.pool, tenant, async (client): Promise<Written> => {
      await lockSettings(client);
      const { rowCount } = await client.query(
        'delete from settings.destinations where tenant_id = $1 and id = $2 and version = $3',
        [tenant, id, expected],
      );
      return rowCount === 1 ? { kind: 'written', id } : { kind: 'changed' };
    });
  }

  private async read(client: PoolClient, tenant: string, condition: string, more: readonly string[]) {
    const { rows } = await client.query<DestinationRow>(
      `select d.id, d.type, d.name, d.enabled, d.url, d.options, d.ca_pem, d.filter, d.token, d.token_last4, d.version, d.start_seq,
         d.created_at, d.updated_at,
         (select min(r.settings_version) from delivery.replica r
          where r."group" = $2::jsonb ->> d.type and r.seen_at > now() - make_interval(secs => $3)) as applied_version,
         ${nextSeq('$1')} - 1 as head,
         (select to_jsonb(c) from delivery.cursor c where c.destination_id = d.id) as cursor,
         (select to_jsonb(s) - 'attempts' from delivery.status s where s.destination_id = d.id) as status,
         (select to_jsonb(g) from delivery.gap g where g.destination_id = d.id order by g.to_seq desc limit 1) as gap,
         (select e.received_at from audit.events e where e.tenant_id = $1 and e.seq = ${nextOwed}) as owed_at,
         (select retention_days from audit.topology) as retention_days, now() as read_at
       from settings.destinations d
       where ${condition}
       order by d.created_at, d.id`,
      [tenant, JSON.stringify(this.groups), replicaSeconds, ...more],
    );
    return rows;
  }
}

/** The version row's lock is what all writers of settings queue for; held to the end of the transaction. */
async function lockSettings(client: PoolClient): Promise<void> {
  await client.query('select version from settings.version for update');
}

async function raiseVersion(client: PoolClient): Promise<number> {
  const { rows } = await client.query<{ version: number }>('select settings.raise_version() as version');
  const version = rows[0]?.version;
  if (version === undefined) throw new Error('the settings version was not raised');
  return version;
}

const nextSeq = (tenant: string): string =>
  `coalesce((select next_seq from audit.tenant_head h where h.tenant_id = ${tenant}), 1)`;

/** As the forwarders have written it down: exact for a destination that is not live. */
const nextOwed = `coalesce((select c.next_seq from delivery.cursor c where c.destination_id = d.id),
  (select s.delivered_through + 1 from delivery.status s where s.destination_id = d.id), d.start_seq)`;

function columnsOf(draft: DestinationDraft): (string | boolean | null)[] {
  return [draft.name, draft.enabled, draft.url, JSON.stringify(draft.options), draft.caPem, draft.filter];
}
