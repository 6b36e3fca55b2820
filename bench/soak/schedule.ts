// Which faults a soak meets, and when: from the seed alone, so that a run's faults can be had again.
import { troubles, type Trouble } from '../lib/troubles';

/** Processes of the line, by what they are; several of one name are replicas. */
export const line = [
  'ingestion',
  'persistence',
  'persistence',
  'forwarder-splunk',
  'forwarder-splunk',
  'forwarder-http',
] as const;

/** Two receivers of each type. */
export const sinkTypes = ['splunk', 'http', 'splunk', 'http'] as const;

export type SinkTrouble = Trouble | 'closed' | 'flapping';
const sinkTroubles: readonly SinkTrouble[] = [...troubles, 'closed', 'flapping'];

export type Fault =
  | { readonly kind: 'kill' | 'pause'; readonly process: number; readonly forMs: number }
  | { readonly kind: 'kafka'; readonly signal: 'SIGKILL' | 'SIGTERM'; readonly forMs: number }
  | { readonly kind: 'postgres'; readonly signal: 'SIGQUIT' | 'SIGINT'; readonly forMs: number }
  | { readonly kind: 'sink'; readonly sink: number; readonly trouble: SinkTrouble; readonly forMs: number };

export interface Planned {
  readonly atMs: number;
  readonly fault: Fault;
}

const meanGapMs = 8_000;
/** So long nothing else happens to what had a fault. */
const comingBackMs = 10_000;

/** The two long outages that every soak has, and others at random beside them. */
export function planFaults(seed: number, durationMs: number): readonly Planned[] {
  const random = randomFrom(seed);
  const below = (n: number): number => Math.floor(random() * n);
  const planned: Planned[] = [
    { atMs: 5_000, fault: { kind: 'sink', sink: 0, trouble: 'refusing the token', forMs: durationMs * 0.6 } },
    { atMs: 5_000, fault: { kind: 'sink', sink: 1, trouble: 'hanging', forMs: durationMs * 0.4 } },
  ];
  for (let atMs = 8_000; atMs < durationMs; atMs += -Math.log(1 - random()) * meanGapMs) {
    const fault = anyFault(random, below);
    const inTrouble = planned.some(
      (other) => targetOf(other.fault) === targetOf(fault) && atMs < other.atMs + other.fault.forMs + comingBackMs,
    );
    if (!inTrouble) planned.push({ atMs: Math.round(atMs), fault });
  }
  return planned;
}

/** Faults of one target come one after the other. */
export function targetOf(fault: Fault): string {
  if (fault.kind === 'sink') return `sink ${fault.sink}`;
  return fault.kind === 'kill' || fault.kind === 'pause' ? `process ${fault.process}` : fault.kind;
}

function anyFault(random: () => number, below: (n: number) => number): Fault {
  const die = below(20);
  if (die < 7) return { kind: 'kill', process: below(line.length), forMs: below(5_000) };
  if (die < 9) return { kind: 'pause', process: below(line.length), forMs: 2_000 + below(43_000) };
  if (die < 11) return { kind: 'postgres', signal: random() < 0.5 ? 'SIGQUIT' : 'SIGINT', forMs: below(8_000) };
  if (die < 13) return { kind: 'kafka', signal: random() < 0.5 ? 'SIGKILL' : 'SIGTERM', forMs: below(8_000) };
  const trouble = sinkTroubles[below(sinkTroubles.length)] ?? 'closed';
  return { kind: 'sink', sink: below(sinkTypes.length), trouble, forMs: 2_000 + below(40_000) };
}

export function describeFault(fault: Fault): string {
  const length = `${(fault.forMs / 1000).toFixed(1)} s`;
  if (fault.kind === 'sink')
    return `receiver ${fault.sink} (${sinkTypes[fault.sink]}) is ${fault.trouble} for ${length}`;
  if (fault.kind === 'kafka' || fault.kind === 'postgres')
    return `${fault.kind} gets ${fault.signal} and is away for ${length}`;
  const what = fault.kind === 'kill' ? 'is killed, and started again after' : 'is stopped for';
  return `${line[fault.process]} (process ${fault.process}) ${what} ${length}`;
}

/** Mulberry32: 32 bits of state are plenty for a schedule. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
