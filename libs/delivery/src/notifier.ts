// Tells a tenant's webhook about outages of its destinations: what is due is written first, then sent, again and again until it is heard.
import { randomUUID } from 'node:crypto';
import { adviceOn, receiverWords } from '@auditlane/destinations';
import type { Egress } from '@auditlane/egress';
import type { Assignment } from '@auditlane/kafka';
import { sealedSecretSchema, webhookPlace, webhookRequest, type KeyRing } from '@auditlane/secrets';
import type { Logger } from 'pino';
import { now } from './clock';
import type { Ownership } from './delivery-store';
import { AlarmWatch, type Alarm, type AlarmTimes, type Watched } from './domain/alarms';
import { backOffMs } from './domain/back-off';
import type { SavedPosition, StatusRow } from './domain/effects';
import type { DeliveryMetrics } from './metrics';
import type { AlarmFacts, NotificationStore, Unsent } from './notification-store';

export interface NotifierOptions {
  readonly store: NotificationStore;
  readonly egress: Egress;
  readonly keyRing: KeyRing;
  readonly logger: Logger;
  readonly metrics: Pick<DeliveryMetrics, 'notifications'>;
  readonly times: AlarmTimes;
  readonly intervalMs: number;
  readonly retryMs: number;
  readonly giveUpMs: number;
}

interface Owned {
  readonly ownership: Ownership;
  readonly assignment: Assignment;
  readonly watch: AlarmWatch;
}

const longestRetryMs = 3_600_000;

export class Notifier {
  private readonly owned = new Map<number, Owned>();
  private timer: NodeJS.Timeout | undefined;
  private working: Promise<void> | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly options: NotifierOptions) {}

  start(): void {
    this.timer = setInterval(() => this.tick(), this.options.intervalMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.closing.abort();
    await this.working;
  }

  /** A new owner goes on with what the last one left: raised, sent or not. */
  async claimed(
    ownership: Ownership,
    assignment: Assignment,
    tenants: ReadonlyMap<string, string>,
    saved: readonly SavedPosition[],
  ): Promise<void> {
    const watch = new AlarmWatch(this.options.times);
    const raised = await this.options.store.raised([...tenants.keys()]);
    const byDestination = Map.groupBy(raised, ({ destination }) => destination);
    for (const { destination, health } of saved) {
      const before = byDestination.get(destination) ?? [];
      if (health?.failingSince === undefined && before.length === 0) continue;
      const tenant = tenants.get(destination) ?? '';
      const state = health?.state ?? 'healthy';
      watch.restore({ destination, tenant, state, failingSince: health?.failingSince }, before);
    }
    this.owned.set(ownership.partition, { ownership, assignment, watch });
  }

  released(partition: number): void {
    this.owned.delete(partition);
  }

  /** Status rows that are written now. */
  observe(rows: readonly { readonly ownership: Ownership; readonly row: StatusRow }[]): void {
    for (const { ownership, row } of rows) this.owned.get(ownership.partition)?.watch.observe(row);
  }

  private tick(): void {
    if (this.working || this.closing.signal.aborted) return;
    this.working = this.work()
      .catch((error: unknown) => this.options.logger.warn({ err: error }, 'notifications wait: trying again'))
      .finally(() => {
        this.working = undefined;
      });
  }

  private async work(): Promise<void> {
    await this.raise();
    await this.send();
  }

  // ---------------------------------------------------------------- raising

  private async raise(): Promise<void> {
    const due = this.live().flatMap((owned) => owned.watch.due(now()).map((one) => ({ owned, ...one })));
    if (due.length === 0) return;
    const listening = await this.options.store.listening(due.map(({ watched }) => watched.tenant));
    for (const { owned, watched, alarm } of due) {
      if (listening.has(watched.tenant)) await this.raiseOne(owned, watched, alarm);
      // Nobody was there to be told of the end; of an outage that goes on they are told when they come.
      else if (alarm.kind === 'recovered') owned.watch.settled(watched.destination, alarm);
    }
  }

  private async raiseOne({ ownership, watch }: Owned, watched: Watched, alarm: Alarm): Promise<void> {
    const { store, metrics, logger } = this.options;
    const id = randomUUID();
    const raised = await store.raise(ownership, watched, alarm, id, (facts) => bodyOf(watched, alarm, facts));
    if (raised === 'refused') this.released(ownership.partition);
    if (raised === 'gone') watch.remove(watched.destination);
    if (raised !== 'raised') return;
    watch.settled(watched.destination, alarm);
    metrics.notifications('raised');
    logger.info({ destination: watched.destination, alarm: alarm.kind }, 'an alarm about a destination was raised');
  }

  // ---------------------------------------------------------------- sending

  private async send(): Promise<void> {
    const partitions = this.live().map(({ ownership }) => ownership.partition);
    if (partitions.length === 0) return;
    const unsent = await this.options.store.unsent(partitions, this.options.giveUpMs);
    await Promise.all(unsent.map(async (one) => this.sendOne(one)));
  }

  private async sendOne(unsent: Unsent): Promise<void> {
    const { store, retryMs, logger, metrics } = this.options;
    const owned = this.owned.get(unsent.partition);
    if (!owned?.assignment.isFresh() || this.closing.signal.aborted) return;
    const knobs = { backoffBaseMs: retryMs, backoffCapMs: longestRetryMs, retryAfterCapMs: longestRetryMs };
    const wait = backOffMs(unsent.tries + 1, undefined, knobs, Math.random);
    if (!(await store.trying(owned.ownership, unsent.id, Math.max(wait, retryMs)))) return;
    const { sent, words } = await this.post(unsent);
    await store.tried(owned.ownership, unsent.id, sent, words);
    metrics.notifications(sent ? 'sent' : 'failed');
    if (!sent) logger.info({ notification: unsent.id, words, tries: unsent.tries + 1 }, 'a webhook did not answer 2xx');
  }

  private async post({ id, tenant, body, url, caPem, secret, version }: Unsent): Promise<Answer> {
    const sealed = sealedSecretSchema.safeParse(secret);
    const place = webhookPlace(tenant, sealed.success ? sealed.data.version : 0);
    const opened = this.options.keyRing.open(secret, place);
    if (opened.kind === 'unavailable') return { sent: false, words: 'The secret cannot be opened with the key ring.' };
    const target = { destinationId: `webhook ${tenant}`, configVersion: version, caPem };
    const request = webhookRequest(url, opened.value, { id, body }, Date.now());
    const result = await this.options.egress.request(target, request, this.closing.signal);
    if (result.kind === 'failure') return { sent: false, words: receiverWords(result.words) };
    const { status, body: answer } = result.response;
    const sent = status >= 200 && status < 300;
    return { sent, words: sent ? '' : receiverWords(`${status} ${answer.toString('utf8')}`) };
  }

  /** Whoever cannot know that the partition is still theirs keeps silent. */
  private live(): Owned[] {
    return [...this.owned.values()].filter(({ assignment }) => !assignment.signal.aborted && assignment.isFresh());
  }
}

interface Answer {
  readonly sent: boolean;
  readonly words: string;
}

/** Holds no secret: a receiver's words come without the token, settings are not in it at all. */
function bodyOf({ destination, tenant }: Watched, { kind, failingSince }: Alarm, facts: AlarmFacts): string {
  const over = kind === 'recovered';
  return JSON.stringify({
    type: `destination.${kind}`,
    timestamp: new Date().toISOString(),
    tenant,
    destination: { id: destination, name: facts.name, type: facts.type },
    state: facts.state,
    reason: over ? '' : facts.reason,
    words: over ? '' : facts.words,
    since: new Date(failingSince).toISOString(),
    fix: over ? '' : adviceOn(facts.reason),
    lagEvents: Math.max(0, facts.head + 1 - facts.next),
  });
}
