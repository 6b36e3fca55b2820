// Keeps what liveness and readiness are judged by. Liveness asks the process alone; readiness may ask its dependencies.

type ReadinessCheck = () => boolean | Promise<boolean>;
type LivenessCheck = () => boolean;

export interface HealthReport {
  readonly ok: boolean;
  readonly failing: readonly string[];
}

export class Health {
  private readonly readiness = new Map<string, ReadinessCheck>();
  private readonly liveness = new Map<string, LivenessCheck>();
  private stopping = false;

  /** `check` answers true when this part can take work; it may ask a dependency, for at most two seconds. */
  addReadiness(name: string, check: ReadinessCheck): void {
    this.readiness.set(name, check);
  }

  /** `check` answers false when only a restart helps; it must not touch a dependency. */
  addLiveness(name: string, check: LivenessCheck): void {
    this.liveness.set(name, check);
  }

  /** Readiness is red from now on, so that no new work is routed here. */
  setStopping(): void {
    this.stopping = true;
  }

  alive(): HealthReport {
    const failing = [...this.liveness].filter(([, check]) => !check()).map(([name]) => name);
    return { ok: failing.length === 0, failing };
  }

  async ready(): Promise<HealthReport> {
    const results = await Promise.all(
      [...this.readiness].map(async ([name, check]) => ({ name, ok: await withinTwoSeconds(check) })),
    );
    const failing = results.filter((result) => !result.ok).map((result) => result.name);
    if (this.stopping) failing.push('stopping');
    return { ok: failing.length === 0, failing };
  }
}

async function withinTwoSeconds(check: ReadinessCheck): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), 2_000);
  });
  try {
    return await Promise.race([Promise.resolve(check()), expired]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
