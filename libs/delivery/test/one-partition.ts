// One partition's machine with its clock and its messages in a test's hands: what it asks for is listed, what is answered is said.
import type { PollAnswer, Verdict } from '@auditlane/destinations';
import { ByteBudget } from '../src/domain/byte-budget';
import type { DestinationView, Effect, LogRecord, SavedPosition } from '../src/domain/effects';
import { defaultKnobs, type Knobs } from '../src/domain/knobs';
import { Partition } from '../src/domain/partition';
import { testEvent } from './test-event';

type EffectOf<K extends Effect['kind']> = Extract<Effect, { kind: K }>;

export const delivered: Verdict = { kind: 'delivered' };
export const busy: Verdict = { kind: 'retry', reason: 'busy' };
export const unauthorized: Verdict = { kind: 'park', reason: 'credentials_refused', code: '401', words: 'no' };
export const poison: Verdict = { kind: 'poison', reason: 'receiver_refused_event', code: '400', words: 'bad' };

export const view = (changes: Partial<DestinationView> = {}): DestinationView => ({
  id: 'd1',
  tenant: 'acme',
  version: 1,
  enabled: true,
  startSeq: 1,
  startVersion: 1,
  limits: { events: 4, bytes: 100_000 },
  size: (event) => event.canonical.length,
  ...changes,
});

/** Started, delivered through `deliveredThrough`, live. */
export const standing = (destination = 'd1', deliveredThrough = 0): SavedPosition => ({
  destination,
  startedVersion: 1,
  deliveredThrough,
});

export interface Setup {
  readonly views?: readonly DestinationView[];
  readonly saved?: readonly SavedPosition[];
  readonly knobs?: Partial<Knobs>;
  readonly committed?: { readonly offset: number; readonly acceptedOffset: number } | undefined;
  readonly lanesBytes?: number;
}

export class OnePartition {
  now = 1_000_000;
  fresh = true;
  readonly partition: Partition;
  readonly effects: Effect[] = [];
  private offset = 0;

  constructor({ views = [view()], saved = [standing()], knobs = {}, lanesBytes = 1e9, ...rest }: Setup = {}) {
    const committed = 'committed' in rest ? rest.committed : { offset: 0, acceptedOffset: -1 };
    this.partition = new Partition(
      {
        knobs: { ...defaultKnobs, ...knobs },
        budgets: { lanes: new ByteBudget(lanesBytes), drains: new ByteBudget(1e9), probes: new ByteBudget(1e9) },
        maySend: () => this.fresh,
        random: () => 1,
        committed,
        destinations: views,
        saved,
      },
      this.now,
    );
    this.collect();
  }

  /** Records with these seqs arrive; answers how many were taken. */
  arrive(seqs: readonly number[], tenant = 'acme'): number {
    const records = seqs.map((seq) => {
      const offset = this.offset++;
      return { offset, lastOffset: offset, event: testEvent(tenant, seq) };
    });
    const taken = this.partition.batch(records, 0, this.now);
    this.collect();
    return taken;
  }

  take(record: LogRecord): void {
    this.partition.batch([record], 0, this.now);
    this.collect();
  }

  pass(ms: number): void {
    this.now += ms;
    this.partition.tick(this.now);
    this.collect();
  }

  /** The last request of a destination is answered, each event by the same verdict, or by one each. */
  answer(verdicts: Verdict | readonly Verdict[], destination = 'd1'): void {
    const send = this.last('send', destination);
    const each = send.events.map((_, index) => ('kind' in verdicts ? verdicts : (verdicts[index] ?? delivered)));
    this.partition.answer(destination, send.id, { verdicts: each }, this.now);
    this.collect();
  }

  /** The last poll of a destination is answered by these ids being safe, or by anything else. */
  polled(answer: readonly number[] | PollAnswer, destination = 'd1'): void {
    const said = 'kind' in answer ? answer : ({ kind: 'acknowledged', ackIds: answer } as const);
    this.partition.polled(destination, this.last('poll', destination).id, said, this.now);
    this.collect();
  }

  written(destination = 'd1'): void {
    this.partition.written(destination, this.last('write', destination).id, this.now);
    this.collect();
  }

  page(seqs: readonly number[], head: number, destination = 'd1'): void {
    const rows = seqs.map((seq) => testEvent('acme', seq));
    this.partition.page(destination, this.last('read', destination).id, rows, head, this.now);
    this.collect();
  }

  configure(...views: DestinationView[]): void {
    this.partition.settings(views, this.now);
    this.collect();
  }

  all<K extends Effect['kind']>(kind: K): EffectOf<K>[] {
    return this.effects.filter((effect): effect is EffectOf<K> => effect.kind === kind);
  }

  last<K extends 'send' | 'write' | 'read' | 'poll'>(kind: K, destination = 'd1'): EffectOf<K> {
    const found = this.all(kind).findLast((effect) => 'destination' in effect && effect.destination === destination);
    if (!found) throw new Error(`no ${kind} for ${destination}`);
    return found;
  }

  /** The seqs of each request so far. */
  sent(destination = 'd1'): number[][] {
    return this.all('send')
      .filter((send) => send.destination === destination)
      .map(({ events }) => events.map(({ seq }) => seq));
  }

  private collect(): void {
    this.effects.push(...this.partition.takeEffects());
  }
}
