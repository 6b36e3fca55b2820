// Which alarms about a destination's outages are due: each once an outage, whoever owns the partition and however often it flaps.
import type { HealthState, StatusRow } from './effects';

export const alarmKinds = ['failing_15_minutes', 'failing_24_hours', 'recovered'] as const;
export type AlarmKind = (typeof alarmKinds)[number];

/** An outage is known by its beginning, which only a success ends. */
export interface Alarm {
  readonly kind: AlarmKind;
  readonly failingSince: number;
}

/** What is written of a destination: never more than a new owner of the partition would read. */
export interface Watched {
  readonly destination: string;
  readonly tenant: string;
  readonly state: HealthState;
  readonly failingSince: number | undefined;
}

export interface AlarmTimes {
  readonly firstMs: number;
  readonly secondMs: number;
}

export function dueAlarms(
  { state, failingSince }: Watched,
  raised: readonly Alarm[],
  now: number,
  { firstMs, secondMs }: AlarmTimes,
): readonly Alarm[] {
  // Who switched it off knows. What is due then is due when it is switched on again.
  if (state === 'disabled') return [];
  const due: Alarm[] = endedOutages(failingSince, raised).map((since) => ({ kind: 'recovered', failingSince: since }));
  if (failingSince === undefined) return due;
  const isRaised = (kind: AlarmKind): boolean =>
    raised.some((alarm) => alarm.kind === kind && alarm.failingSince === failingSince);
  const age = now - failingSince;
  if (isRaised('failing_24_hours')) return due;
  if (age >= secondMs) due.push({ kind: 'failing_24_hours', failingSince });
  else if (age >= firstMs && !isRaised('failing_15_minutes')) due.push({ kind: 'failing_15_minutes', failingSince });
  return due;
}

/** Outages that an alarm was raised about, that are over, and whose end nobody was told of. */
function endedOutages(failingSince: number | undefined, raised: readonly Alarm[]): readonly number[] {
  const told = new Set(raised.filter(({ kind }) => kind === 'recovered').map((alarm) => alarm.failingSince));
  const outages = new Set(raised.map((alarm) => alarm.failingSince));
  return [...outages].filter((since) => since !== failingSince && !told.has(since));
}

interface Entry {
  watched: Watched;
  raised: Alarm[];
}

/** The destinations of one owned partition that something may have to be said about: the healthy ones cost nothing. */
export class AlarmWatch {
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly times: AlarmTimes) {}

  /** What a new owner finds written. */
  restore(watched: Watched, raised: readonly Alarm[]): void {
    this.entries.set(watched.destination, { watched, raised: [...raised] });
    this.forgetIfQuiet(watched.destination);
  }

  /** A status row, once it is written. */
  observe({ destination, tenant, state, failingSince }: StatusRow): void {
    const watched = { destination, tenant, state, failingSince };
    const entry = this.entries.get(destination);
    if (entry) entry.watched = watched;
    else if (failingSince !== undefined) this.entries.set(destination, { watched, raised: [] });
    this.forgetIfQuiet(destination);
  }

  due(now: number): { readonly watched: Watched; readonly alarm: Alarm }[] {
    return [...this.entries.values()].flatMap(({ watched, raised }) =>
      dueAlarms(watched, raised, now, this.times).map((alarm) => ({ watched, alarm })),
    );
  }

  /** It is written, or nobody is there to be told: not due any more. */
  settled(destination: string, alarm: Alarm): void {
    this.entries.get(destination)?.raised.push(alarm);
    this.forgetIfQuiet(destination);
  }

  remove(destination: string): void {
    this.entries.delete(destination);
  }

  get size(): number {
    return this.entries.size;
  }

  private forgetIfQuiet(destination: string): void {
    const entry = this.entries.get(destination);
    if (!entry || entry.watched.failingSince !== undefined) return;
    if (endedOutages(undefined, entry.raised).length === 0) this.entries.delete(destination);
  }
}
