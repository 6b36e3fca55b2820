// One version of a destination's settings: what the machine decides by, and the receiver behind it, opened when it is first sent to.
import type { DestinationType } from '@auditlane/contracts';
import { registry, type DeliverableEvent, type Destination, type Verdict } from '@auditlane/destinations';
import { sealedSecretSchema, type KeyRing } from '@auditlane/secrets';
import type { DestinationView } from './domain/effects';

export interface DestinationRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly type: DestinationType;
  readonly enabled: boolean;
  readonly url: string;
  readonly options: unknown;
  readonly ca_pem: string | null;
  readonly token: unknown;
  readonly version: number;
  readonly start_seq: number;
  readonly start_version: number;
}

export type Opening =
  | { readonly ok: true; readonly destination: Destination }
  | { readonly ok: false; readonly verdict: Extract<Verdict, { kind: 'park' }> };

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
  private opened: Opening | undefined;

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
  }

  size(event: DeliverableEvent): number {
    return event.canonical.length + envelopeBytes;
  }

  /** The token is opened here and nowhere else; a row's version never changes what it holds. */
  open(): Opening {
    this.opened ??= this.unseal();
    return this.opened;
  }

  private unseal(): Opening {
    const { id, tenant_id: tenant, token, type, url, options } = this.row;
    const sealed = sealedSecretSchema.safeParse(token);
    const version = sealed.success ? sealed.data.version : 0;
    const secret = this.keyRing.open(token, { tenant, destination: id, field: 'token', version });
    if (secret.kind === 'unavailable') {
      return refusal('secret_unavailable', secret.cause, 'The token cannot be opened: its key is not in the key ring.');
    }
    const opened = registry[type].open({ id, url, options, token: secret.value });
    if (opened.ok) return opened;
    const [fault] = opened.faults;
    return refusal('configuration_refused', fault?.code ?? 'invalid', fault?.words ?? 'The settings are not valid.');
  }
}

function refusal(reason: 'secret_unavailable' | 'configuration_refused', code: string, words: string): Opening {
  return { ok: false, verdict: { kind: 'park', reason, code, words } };
}
