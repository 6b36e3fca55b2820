// Keeps the processes of the line running, as an orchestrator would: one that ends is started again, whoever ended it.
import { setTimeout as pause } from 'node:timers/promises';
import type { ServiceName } from '@auditlane/testing';
import type { Environment, RunningService, Stage } from '../lib/stage';
import { residentMb } from '../lib/usage';

const restartMs = 500;
/** A process that has just started has not yet met what it works with. */
const grownUpMs = 15_000;

interface Slot {
  readonly name: ServiceName;
  child: RunningService | undefined;
  startedAt: number;
  /** Not to be started again before. */
  heldUntil: number;
}

export class Supervisor {
  /** Ends that nobody here brought about: a service that gives up so that it is started anew. */
  endedAlone = 0;
  readonly sizes: { readonly name: ServiceName; readonly at: number; readonly mb: number }[] = [];
  private readonly slots: readonly Slot[];
  private readonly loops: Promise<void>[];
  private readonly killed = new Set<number>();
  private readonly closing = new AbortController();

  constructor(
    private readonly stage: Stage,
    names: readonly ServiceName[],
    private readonly environment: Environment,
  ) {
    this.slots = names.map((name) => ({ name, child: undefined, startedAt: 0, heldUntil: 0 }));
    this.loops = this.slots.map((slot) => this.keep(slot));
  }

  allRun(): boolean {
    return this.slots.every(({ child }) => child?.isRunning());
  }

  /** `false`: it was not running. */
  kill(process: number, downMs: number): boolean {
    const slot = this.slots[process];
    if (!slot?.child?.isRunning()) return false;
    slot.heldUntil = performance.now() + downMs;
    this.killed.add(slot.child.pid);
    slot.child.kill('SIGKILL');
    return true;
  }

  async pause(process: number, forMs: number): Promise<boolean> {
    const child = this.slots[process]?.child;
    if (!child?.isRunning()) return false;
    child.kill('SIGSTOP');
    await pause(forMs);
    child.kill('SIGCONT');
    return true;
  }

  sample(): void {
    const at = performance.now();
    for (const { name, child, startedAt } of this.slots)
      if (child?.isRunning() && at - startedAt > grownUpMs) this.sizes.push({ name, at, mb: residentMb(child.pid) });
  }

  async close(): Promise<void> {
    this.closing.abort();
    for (const { child } of this.slots) child?.kill('SIGTERM');
    await Promise.all(this.loops);
  }

  private async keep(slot: Slot): Promise<void> {
    while (this.isOpen()) {
      await pause(Math.max(0, slot.heldUntil - performance.now()));
      // One that cannot start while a server is away is tried again.
      slot.child = await this.stage.service(slot.name, this.environment).catch(() => undefined);
      slot.startedAt = performance.now();
      if (slot.child) {
        await slot.child.exited;
        if (!this.killed.has(slot.child.pid) && this.isOpen()) this.endedAlone++;
      }
      if (this.isOpen()) await pause(restartMs);
    }
  }

  private isOpen(): boolean {
    return !this.closing.signal.aborted;
  }
}
