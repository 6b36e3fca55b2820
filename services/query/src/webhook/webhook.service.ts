// Judges a wanted webhook, keeps it, and tries it out; notifications themselves are sent by the forwarders.
import { randomUUID } from 'node:crypto';
import { receiverWords } from '@auditlane/destinations';
import { certificatesOf, type Egress } from '@auditlane/egress';
import { sealedSecretSchema, webhookPlace, webhookRequest, type KeyRing } from '@auditlane/secrets';
import { matches, type IfMatch } from '../destinations/domain/etag';
import { spokenFailure } from '../destinations/domain/test-stages';
import type { Fault } from '../problem/problem';
import type { WebhookRepository, WebhookRow, Written } from './webhook.repository';
import type { NotificationList, WebhookBody, WebhookTest } from './webhook.schema';

export type Saved =
  Written | { readonly kind: 'refused'; readonly faults: readonly Fault[] } | { readonly kind: 'unconditional' };

type Precondition = Exclude<IfMatch, { kind: 'missing' }>;

export class WebhookService {
  constructor(
    private readonly webhooks: WebhookRepository,
    private readonly keyRing: KeyRing,
    private readonly egress: Egress,
  ) {}

  find(tenant: string): Promise<WebhookRow | undefined> {
    return this.webhooks.find(tenant);
  }

  notifications(tenant: string): Promise<NotificationList['items']> {
    return this.webhooks.notifications(tenant);
  }

  /** The first save needs no version: there is none that could be overwritten unseen. */
  async save(tenant: string, ifMatch: IfMatch, body: WebhookBody): Promise<Saved> {
    const row = await this.webhooks.find(tenant);
    if (row && ifMatch.kind === 'missing') return { kind: 'unconditional' };
    if (ifMatch.kind !== 'missing' && !(row && matches(ifMatch, row.version))) return { kind: 'changed' };
    const faults = await this.faultsOf(body);
    if (faults.length > 0) return { kind: 'refused', faults };
    const { url, enabled, caPem = null, rotateSecret } = body;
    return this.webhooks.save(tenant, row?.version, { url, enabled, caPem }, !row || rotateSecret);
  }

  async remove(tenant: string, ifMatch: Precondition): Promise<'removed' | 'absent' | 'changed'> {
    const row = await this.webhooks.find(tenant);
    if (!row) return 'absent';
    const removed = matches(ifMatch, row.version) && (await this.webhooks.remove(tenant, row.version));
    return removed ? 'removed' : 'changed';
  }

  /** Signed like the real ones, so that a receiver's verification is tried too. */
  async test(tenant: string): Promise<WebhookTest | undefined> {
    const row = await this.webhooks.find(tenant);
    if (!row) return undefined;
    const sealed = sealedSecretSchema.safeParse(row.secret);
    const secret = this.keyRing.open(row.secret, webhookPlace(tenant, sealed.success ? sealed.data.version : 0));
    if (secret.kind === 'unavailable')
      return failed(null, 'secret_unavailable', 'The secret cannot be opened: rotate it.');
    // A name of its own: the connections of real notifications stay untouched.
    const id = randomUUID();
    const now = new Date();
    const body = JSON.stringify({ type: 'test', timestamp: now.toISOString(), tenant });
    const request = webhookRequest(row.url, secret.value, { id, body }, now.getTime());
    const result = await this.egress
      .request({ destinationId: id, configVersion: 0, caPem: row.ca_pem }, request)
      .finally(() => void this.egress.close(id));
    if (result.kind === 'failure') {
      const { code, words } = spokenFailure(result);
      return failed(null, code, words);
    }
    const { status, body: answer } = result.response;
    if (status >= 200 && status < 300) return { ok: true, status, code: 'ok', words: '' };
    return failed(status, 'not_2xx', receiverWords(answer.toString('utf8')));
  }

  private async faultsOf({ url, caPem }: WebhookBody): Promise<readonly Fault[]> {
    const faults: Fault[] = [];
    if (caPem && certificatesOf(caPem).length === 0)
      faults.push({ path: 'caPem', message: 'cannot be read as certificates in PEM form' });
    const vetted = await this.egress.vet(url);
    if (vetted.kind === 'failure' && vetted.stage === 'policy') faults.push({ path: 'url', message: vetted.words });
    return faults;
  }
}

function failed(status: number | null, code: string, words: string): WebhookTest {
  return { ok: false, status, code, words };
}
