// One version of a destination's settings: what the machine decides by, and the receiver behind it, opened when it is first sent to.
import { randomUUID } from 'node:crypto';
import type { DestinationType } from '@auditlane/contracts';
import { registry, type DeliverableEvent, type Destination, type Verdict } from '@auditlane/destinations';
import { sealedSecretSchema, type KeyRing } from '@auditlane/secrets';
import { compileFilter, type DestinationFilter } from './destination-filter';
import type { DestinationView } from './domain/effects';

export interface DestinationRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly type: DestinationType;
  readonly enabled: boolean;
  readonly url: string;
  readonly options: unknown;
  readonly ca_pem: string | null;
  readonly filter: string | null;
  readonly token: unknown;
  readonly version: number;
  readonly start_seq: number;
  readonly start_version: number;
}

export type Opening =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly verdict: Extract<Verdict, { kind: 'park' }> };

/** A replay's requests must not count among those whose acknowledgements a lane waits for. */
export type DestinationUse = 'lane' | 'replay';

/** What an envelope adds to an event, roughly; the body's true size is checked before it is sent. */
const envelopeBytes = 512;

export class ConfiguredDestination implements DestinationView {
  readonly id: string;
  readonly tenant: string;
  readonly version: number;
  readonly enabled: boolean;
  readonly startSeq: number;
  readonly startVersion: number;
  readonly limits: DestinationView['limits'];
  readonly wanted?: (event: DeliverableEvent) => boolean;
  private readonly filter: DestinationFilter;
  private readonly opened: { [use in DestinationUse]?: Opening } = {};

  constructor(
    readonly row: DestinationRow,
    private readonly keyRing: KeyRing,
  ) {
    this.id = row.id;
    this.tenant = row.tenant_id;
    this.version = row.version;
    this.enabled = row.enabled;
    this.startSeq = row.start_seq;
    this.startVersion = row.start_version;
    this.limits = registry[row.type].limits;
    this.filter = compileFilter(row.filter);
    // Under a filter that cannot be read every event is owed: nothing is sent, and the cursor waits for one that can.
    if (this.filter.ok && this.filter.wanted) this.wanted = this.filter.wanted;
  }

  size(event: DeliverableEvent): number {
    return event.canonical.length + envelopeBytes;
  }

  /** The token is opened here and nowhere else; a row's version never changes what it holds. Each use has a request channel of its own. */
  open(use: DestinationUse = 'lane'): Opening {
    return (this.opened[use] ??= this.unseal());
  }

  private unseal(): Opening {
    if (!this.filter.ok) return refusal('configuration_refused', this.filter.code, this.filter.words);
    const { id, tenant_id: tenant, token, type, url, options } = this.row;
    const sealed = sealedSecretSchema.safeParse(token);
    const version = sealed.success ? sealed.data.version : 0;
    const secret = this.keyRing.open(token, { tenant, destination: id, field: 'token', version });
    if (secret.kind === 'unavailable') {
      return refusal('secret_unavailable', secret.cause, 'The token cannot be opened: its key is not in the key ring.');
    }
    const opened = registry[type].open({ id, channel: randomUUID(), url, options, token: secret.value });
    if (opened.ok) return opened;
    const [fault] = opened.faults;
    return refusal('configuration_refused', fault?.code ?? 'invalid', fault?.words ?? 'The settings are not valid.');
  }
}

function refusal(reason: 'secret_unavailable' | 'configuration_refused', code: string, words: string): Opening {
  return { ok: false, verdict: { kind: 'park', reason, code, words } };
}
