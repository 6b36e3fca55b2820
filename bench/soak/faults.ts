// Carries the planned faults out, each at its time, and ends them all.
import { setTimeout as pause } from 'node:timers/promises';
import { scripts, type Sink } from '@auditlane/testing';
import type { Servers } from '../lib/servers';
import { misbehaviour } from '../lib/troubles';
import type { Receipts } from './receipts';
import { describeFault, targetOf, type Fault, type Planned, type SinkTrouble } from './schedule';
import type { Supervisor } from './supervisor';

const flapEveryMs = 1_500;

export interface Targets {
  readonly servers: Servers;
  readonly supervisor: Supervisor;
  readonly receivers: readonly { readonly sink: Sink; readonly receipts: Receipts }[];
}

/** Resolves when every fault is over. */
export async function carryOut(
  plan: readonly Planned[],
  targets: Targets,
  say: (words: string) => void,
): Promise<void> {
  const startedAt = performance.now();
  /** A server that takes long to come back has its next fault afterwards. */
  const last = new Map<string, Promise<void>>();
  for (const { atMs, fault } of plan) {
    await pause(Math.max(0, startedAt + atMs - performance.now()));
    const before = last.get(targetOf(fault)) ?? Promise.resolve();
    const now = before.then(() => {
      say(describeFault(fault));
      return bring(fault, targets);
    });
    // Looked at when all are over; until then a failure is nobody's.
    now.catch(() => undefined);
    last.set(targetOf(fault), now);
  }
  await Promise.all(last.values());
}

async function bring(fault: Fault, { servers, supervisor, receivers }: Targets): Promise<void> {
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
      const receiver = receivers[fault.sink];
      if (receiver) await trouble(receiver, fault.trouble, fault.forMs);
    }
  }
}

async function trouble(
  { sink, receipts }: Targets['receivers'][number],
  kind: SinkTrouble,
  forMs: number,
): Promise<void> {
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
  receipts.answers = kind !== 'taking events and resetting the connection';
  await pause(forMs);
  sink.always(scripts.pass);
  receipts.answers = true;
  // As a receiver that was started again: what hung on a connection is over.
  sink.closeConnections();
}
