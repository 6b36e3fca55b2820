// The tenants' side of a test: receivers of each destination type, how a destination names them, and what arrived there.
import type { DestinationType } from '@auditlane/contracts';
import { eventually, Sink, type EventuallyOptions, type SinkOptions } from '@auditlane/testing';
import { upTo } from './traffic';

const faces = { splunk: 'hec', http: 'http', elasticsearch: 'bulk' } as const;

/** What an admin types in to reach a receiver. */
export interface Address {
  readonly type: DestinationType;
  readonly url: string;
  readonly token: string;
  readonly caPem: string | null;
  readonly options?: Readonly<Record<string, unknown>>;
}

export interface Receiver {
  readonly sink: Sink;
  readonly address: Address;
}

export async function openReceiver(type: DestinationType, options: Partial<SinkOptions> = {}): Promise<Receiver> {
  const sink = await Sink.start({ token: `canary-token-of-${type}-0001`, ...options, face: faces[type] });
  return { sink, address: { type, url: sink.url, token: sink.token, caPem: sink.caPem } };
}

/** The tenant's events that a receiver kept, each at its first arrival: their order is what a reader of the SIEM sees. */
export function firstArrivals(sink: Sink, tenant: string): readonly number[] {
  return [...new Set(sink.seqs(tenant))];
}

/** How often an event arrived that was there already. */
export function repeatsAt(sink: Sink, tenant: string): number {
  return sink.seqs(tenant).length - firstArrivals(sink, tenant).length;
}

/** Waits until events 1 … `count` of the tenant are all there, first arrivals in this order, with nobody else's among them. */
export async function untilArrived(
  sink: Sink,
  tenant: string,
  count: number,
  options: EventuallyOptions = {},
): Promise<void> {
  await eventually(
    () => {
      expect(summary(firstArrivals(sink, tenant))).toEqual(summary(upTo(count)));
      return true;
    },
    { timeoutMs: 30_000, ...options },
  );
  expect(sink.received().filter((event) => event.tenant !== tenant)).toEqual([]);
}

/** As `untilArrived`, each event once. */
export async function untilArrivedOnce(
  sink: Sink,
  tenant: string,
  count: number,
  options?: EventuallyOptions,
): Promise<void> {
  await untilArrived(sink, tenant, count, options);
  expect(repeatsAt(sink, tenant)).toBe(0);
}

/** `1–60 62–80`: short enough to be read in a failure. */
function summary(seqs: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const seq of seqs) {
    const run = runs.at(-1);
    if (run && run[1] + 1 === seq) run[1] = seq;
    else runs.push([seq, seq]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}–${last}`)).join(' ');
}

/** Events that it took in without an answer: nobody can know that they arrived, so each may come once more. */
export function unansweredAt(sink: Sink): number {
  return sink.requests.filter(({ status }) => status === 0).reduce((sum, { taken }) => sum + taken.length, 0);
}
