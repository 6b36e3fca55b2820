// Reads and writes a tenant's webhook in its row-level security, under the settings counter's lock as all settings are.
import { newWebhookSecret, webhookPlace, type KeyRing } from '@auditlane/secrets';
import { withTenant } from '@auditlane/storage';
import type { Pool, PoolClient } from 'pg';
import type { NotificationList } from './webhook.schema';

export interface WebhookRow {
  readonly url: string;
  readonly enabled: boolean;
  readonly ca_pem: string | null;
  readonly secret: unknown;
  readonly version: number;
  readonly updated_at: Date;
}

export interface WebhookDraft {
  readonly url: string;
  readonly enabled: boolean;
  readonly caPem: string | null;
}

export type Written =
  { readonly kind: 'written'; readonly row: WebhookRow; readonly secret?: string } | { readonly kind: 'changed' };

const shownNotifications = 100;

export class WebhookRepository {
  constructor(
    private readonly pool: Pool,
    private readonly keyRing: KeyRing,
  ) {}

  find(tenant: string): Promise<WebhookRow | undefined> {
    return withTenant(this.pool, tenant, (client) => read(client, tenant));
  }

  /** `expected`: the version that was judged; `undefined`: there is none yet. */
  save(tenant: string, expected: number | undefined, draft: WebhookDraft, newSecret: boolean): Promise<Written> {
    return withTenant(this.pool, tenant, async (client): Promise<Written> => {
      const version = await this.lock(client, tenant, expected);
      if (version === undefined) return { kind: 'changed' };
      const { url, enabled, caPem } = draft;
      const secret = newSecret ? newWebhookSecret() : undefined;
      const sealed = secret && JSON.stringify(this.keyRing.seal(secret, webhookPlace(tenant, version)));
      if (expected === undefined)
        await client.query(
          'insert into settings.webhook (tenant_id, url, enabled, ca_pem, secret) values ($1, $2, $3, $4, $5)',
          [tenant, url, enabled, caPem, sealed],
        );
      else
        await client.query(
          `update settings.webhook set url = $2, enabled = $3, ca_pem = $4, secret = coalesce($5::jsonb, secret) where tenant_id = $1`,
          [tenant, url, enabled, caPem, sealed ?? null],
        );
      const row = await read(client, tenant);
      if (!row) throw new Error('the webhook that was just saved is not there');
      return { kind: 'written', row, ...(secret === undefined ? {} : { secret }) };
    });
  }

  remove(tenant: string, expected: number): Promise<boolean> {
    return withTenant(this.pool, tenant, async (client) => {
      await client.query('select version from settings.version for update');
      const { rowCount } = await client.query('delete from settings.webhook where tenant_id = $1 and version = $2', [
        tenant,
        expected,
      ]);
      return rowCount === 1;
    });
  }

  notifications(tenant: string): Promise<NotificationList['items']> {
    return withTenant(this.pool, tenant, async (client) => {
      const { rows } = await client.query<NotificationRow>(
        `select id, destination_id, kind, failing_since, created_at, sent_at, tries, words from delivery.notification
         where tenant_id = $1 order by created_at desc, id limit ${shownNotifications}`,
        [tenant],
      );
      return rows.map((row) => ({
        id: row.id,
        destinationId: row.destination_id,
        kind: row.kind,
        failingSince: row.failing_since.toISOString(),
        createdAt: row.created_at.toISOString(),
        sentAt: row.sent_at?.toISOString() ?? null,
        tries: row.tries,
        words: row.words,
      }));
    });
  }

  /** `undefined`: it is not as it was judged. */
  private async lock(client: PoolClient, tenant: string, expected: number | undefined): Promise<number | undefined> {
    await client.query('select version from settings.version for update');
    if ((await read(client, tenant))?.version !== expected) return undefined;
    const { rows } = await client.query<{ version: number }>('select settings.raise_version() as version');
    return rows[0]?.version;
  }
}

interface NotificationRow {
  readonly id: string;
  readonly destination_id: string;
  readonly kind: NotificationList['items'][number]['kind'];
  readonly failing_since: Date;
  readonly created_at: Date;
  readonly sent_at: Date | null;
  readonly tries: number;
  readonly words: string;
}

async function read(client: PoolClient, tenant: string): Promise<WebhookRow | undefined> {
  const { rows } = await client.query<WebhookRow>(
    'select url, enabled, ca_pem, secret, version, updated_at from settings.webhook where tenant_id = $1',
    [tenant],
  );
  return rows[0];
}
