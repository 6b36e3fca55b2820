// Judges a wanted destination and carries it out: the rules stand in domain/ and in the registry, here they are put in order.
import { randomUUID } from 'node:crypto';
import { registry } from '@auditlane/destinations';
import { certificatesOf, type Egress } from '@auditlane/egress';
import type { KeyRing } from '@auditlane/secrets';
import type { Fault } from '../problem/problem';
import type { DestinationRow } from './domain/destination-view';
import { matches, type IfMatch } from './domain/etag';
import { readFilter, readFilterAtRest, type FilterReading } from './domain/filter-rule';
import { planToken, type TokenPlan } from './domain/token-rule';
import type { DestinationBody, Resume } from './destinations.schema';
import { tokenPlace, type DestinationDraft, type DestinationsRepository } from './destinations.repository';

export type Saved =
  | { readonly kind: 'saved'; readonly row: DestinationRow }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  | { readonly kind: 'quota' }
  | Missed;
export type Removed = { readonly kind: 'removed' } | Missed;
type Missed = { readonly kind: 'absent' } | { readonly kind: 'changed' };

type Precondition = Exclude<IfMatch, { kind: 'missing' }>;

/** What is sent to a receiver: as a destination wants it, or as a test tries it out. */
export interface Wanted {
  readonly type: DestinationRow['type'];
  readonly url: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly token?: string | undefined;
  readonly caPem?: string | null | undefined;
}

export class DestinationsService {
  constructor(
    private readonly destinations: DestinationsRepository,
    private readonly keyRing: KeyRing,
    private readonly egress: Egress,
    private readonly quota: number,
  ) {}

  list(tenant: string): Promise<readonly DestinationRow[]> {
    return this.destinations.list(tenant);
  }

  find(tenant: string, id: string): Promise<DestinationRow | undefined> {
    return this.destinations.find(tenant, id);
  }

  async create(tenant: string, body: DestinationBody): Promise<Saved> {
    const id = randomUUID();
    const plan = planToken(body.token, body.url, undefined);
    const filter = readFilter(body.filter);
    const faults = [
      ...(await this.faultsOf(id, body, plan, plan.kind === 'new' ? plan.token : undefined)),
      ...faultsOfFilter(filter),
    ];
    if (faults.length > 0 || plan.kind !== 'new' || !filter.ok) return { kind: 'refused', faults };
    const draft = { ...draftOf(body, filter.filter), token: plan.token };
    const written = await this.destinations.create(tenant, id, draft, this.quota);
    return written.kind === 'written' ? this.saved(tenant, id) : written;
  }

  async update(tenant: string, id: string, ifMatch: Precondition, body: DestinationBody): Promise<Saved> {
    const row = await this.destinations.find(tenant, id);
    if (!row) return { kind: 'absent' };
    if (!matches(ifMatch, row.version)) return { kind: 'changed' };
    const plan = planToken(body.token, body.url, row.url);
    const token = plan.kind === 'new' ? plan.token : this.storedToken(tenant, row);
    // Nothing is sent from a disabled destination: a token that cannot be opened, or an address that is refused by now, must not be what
    // keeps it enabled. Both are judged by the request that enables it.
    const atRest = !body.enabled && body.url === row.url;
    const filter = atRest ? readFilterAtRest(body.filter, row.filter) : readFilter(body.filter);
    const faults = [
      ...changeFaults(row, body),
      ...(await this.faultsOf(id, body, plan, token, atRest)),
      ...faultsOfFilter(filter),
    ];
    if (faults.length > 0 || !filter.ok) return { kind: 'refused', faults };
    const draft = { ...draftOf(body, filter.filter), token: plan.kind === 'new' ? plan.token : undefined };
    const written = await this.destinations.update(tenant, id, row.version, draft, startsFromNow(row, body.resume));
    return written.kind === 'written' ? this.saved(tenant, id) : written;
  }

  async remove(tenant: string, id: string, ifMatch: Precondition): Promise<Removed> {
    const row = await this.destinations.find(tenant, id);
    if (!row) return { kind: 'absent' };
    if (!matches(ifMatch, row.version)) return { kind: 'changed' };
    const written = await this.destinations.remove(tenant, id, row.version);
    return written.kind === 'written' ? { kind: 'removed' } : { kind: 'changed' };
  }

  /** `undefined` where it cannot be opened: a key that is missing, or a row that was tampered with. */
  storedToken(tenant: string, row: DestinationRow): string | undefined {
    const version = sealedVersion(row.token);
    if (version === undefined) return undefined;
    const opened = this.keyRing.open(row.token, tokenPlace(tenant, row.id, version));
    return opened.kind === 'open' ? opened.value : undefined;
  }

  /** All faults at once: of the token, of the type's own rules, of the address, of the certificates. */
  async faultsOf(
    id: string,
    wanted: Wanted,
    plan: TokenPlan,
    token: string | undefined,
    atRest = false,
  ): Promise<readonly Fault[]> {
    const faults = this.settingsFaults(id, wanted, plan, token, atRest);
    return atRest || faults.some((fault) => fault.path === 'url')
      ? faults
      : [...faults, ...(await this.addressFaults(wanted.url))];
  }

  /** The same without the address: nothing is looked up. */
  settingsFaults(
    id: string,
    wanted: Wanted,
    plan: TokenPlan,
    token: string | undefined,
    atRest = false,
  ): readonly Fault[] {
    const faults: Fault[] = plan.kind === 'refused' ? [plan.fault] : [];
    if (plan.kind === 'keep' && token === undefined && !atRest)
      faults.push({ path: 'token', message: 'is needed again: the stored one cannot be opened' });
    const { type, url, options } = wanted;
    const opened = registry[type].open({ id, url, options, token: token ?? '' });
    if (!opened.ok)
      faults.push(
        ...opened.faults
          .filter((fault) => fault.field !== 'token' || token !== undefined)
          .map((fault) => ({ path: fault.field, message: fault.words })),
      );
    if (wanted.caPem && certificatesOf(wanted.caPem).length === 0)
      faults.push({ path: 'caPem', message: 'cannot be read as certificates in PEM form' });
    return faults;
  }

  /** Only what the policy refuses: a name that does not resolve today may do so tomorrow, and each connection is judged again. */
  private async addressFaults(url: string): Promise<readonly Fault[]> {
    const vetted = await this.egress.vet(url);
    return vetted.kind === 'failure' && vetted.stage === 'policy' ? [{ path: 'url', message: vetted.words }] : [];
  }

  private async saved(tenant: string, id: string): Promise<Saved> {
    const row = await this.destinations.find(tenant, id);
    return row ? { kind: 'saved', row } : { kind: 'changed' };
  }
}

function changeFaults(row: DestinationRow, body: DestinationBody): readonly Fault[] {
  const faults: Fault[] = [];
  if (body.type !== row.type)
    faults.push({ path: 'type', message: `is ${row.type} and stays so; create another destination` });
  if (body.resume !== undefined && (row.enabled || !body.enabled))
    faults.push({ path: 'resume', message: 'is for the request that enables a disabled destination' });
  return faults;
}

function startsFromNow(row: DestinationRow, resume: Resume | undefined): boolean {
  return !row.enabled && resume === 'from_now';
}

const faultsOfFilter = (filter: FilterReading): readonly Fault[] => (filter.ok ? [] : filter.faults);

function draftOf(body: DestinationBody, filter: string | null): DestinationDraft {
  const { type, name, enabled, url, options } = body;
  return { type, name, enabled, url, options, caPem: body.caPem ?? null, filter };
}

/** The version that the token was sealed in: it is part of what the seal is bound to. */
function sealedVersion(sealed: unknown): number | undefined {
  if (typeof sealed !== 'object' || sealed === null || !('version' in sealed)) return undefined;
  return typeof sealed.version === 'number' ? sealed.version : undefined;
}
