// Carries the planned faults out, each at its time, and ends them all.
import { setTimeout as pause } from 'node:timers/promises';
import { scripts, type Sink } from '@auditlane/testing';
import type { Servers } from '../lib/servers';
import { misbehaviour } from '../lib/troubles';
import { describeFault, type Fault, type Planned, type SinkTrouble } from './schedule';
import type { Supervisor } from './supervisor';

const flapEveryMs = 1_500;

export interface Targets {
  readonly servers: Servers;
  readonly supervisor: Supervisor;
  readonly sinks: readonly Sink[];
}

/** Resolves when every fault is over; answers how many were carried out. */
export async function carryOut(
  plan: readonly Planned[],
  targets: Targets,
  say: (words: string) => void,
): Promise<number> {
  const startedAt = performance.now();
  /** What is in trouble already is left to it: the new fault is passed over. */
  const busy = new Set<string>();
  const running: Promise<void>[] = [];
  let done = 0;
  for (const { atMs, fault } of plan) {
    await pause(Math.max(0, startedAt + atMs - performance.now()));
    const target = targetOf(fault);
    if (busy.has(target)) continue;
    busy.add(target);
    done++;
    say(describeFault(fault));
    running.push(bring(fault, targets).finally(() => busy.delete(target)));
  }
  await Promise.all(running);
  return done;
}

function targetOf(fault: Fault): string {
  if (fault.kind === 'sink') return `sink ${fault.sink}`;
  return fault.kind === 'kill' || fault.kind === 'pause' ? `process ${fault.process}` : fault.kind;
}

async function bring(fault: Fault, { servers, supervisor, sinks }: Targets): Promise<void> {
  switch (fault.kind) {
    case 'kill':
      supervisor.kill(fault.process, fault.forMs);
      return;
    case 'pause':
      await supervisor.pause(fault.process, fault.forMs);
      return;
    case 'kafka':
      return servers.restartKafka(fault.signal, fault.forMs);
    case 'postgres':
      return servers.restartPostgres(fault.signal, fault.forMs);
    case 'sink': {
      const sink = sinks[fault.sink];
      if (sink) await trouble(sink, fault.trouble, fault.forMs);
    }
  }
}

async function trouble(sink: Sink, kind: SinkTrouble, forMs: number): Promise<void> {
  if (kind === 'closed') {
    await sink.close();
    await pause(forMs);
    return sink.open();
  }
  if (kind === 'flapping') {
    for (let flapped = 0; flapped < forMs; flapped += 2 * flapEveryMs) {
      sink.always(scripts.answer(503));
      await pause(flapEveryMs);
      sink.always(scripts.pass);
      await pause(flapEveryMs);
    }
    return;
  }
  sink.always(misbehaviour[kind]);
  await pause(forMs);
  sink.always(scripts.pass);
  // As a receiver that was started again: what hung on a connection is over.
  sink.closeConnections();
}
