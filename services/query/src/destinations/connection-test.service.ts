// Test Connection: sends the probe of a destination type through the same guarded client as delivery, and says stage by stage what was found.
import { randomUUID } from 'node:crypto';
import { adviceFor, registry, type ProbeStep } from '@auditlane/destinations';
import type { Egress, EgressFailure } from '@auditlane/egress';
import type { Fault } from '../problem/problem';
import type { TestBody, TestResult } from './destinations.schema';
import type { DestinationsService } from './destinations.service';
import { planToken } from './domain/token-rule';

export type Tested =
  | { readonly kind: 'tested'; readonly result: TestResult }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  | { readonly kind: 'absent' };

type Stage = TestResult['stages'][number];

const longestTestMs = 30_000;

export class ConnectionTestService {
  constructor(
    private readonly destinations: DestinationsService,
    private readonly egress: Egress,
  ) {}

  async test(tenant: string, body: TestBody): Promise<Tested> {
    const saved =
      body.destinationId === undefined ? undefined : await this.destinations.find(tenant, body.destinationId);
    if (body.destinationId !== undefined && !saved) return { kind: 'absent' };
    const plan = planToken(body.token, body.url, saved?.url);
    const token = plan.kind === 'new' ? plan.token : saved && this.destinations.storedToken(tenant, saved);
    // A fresh id: the receiver's channel and our connections of the real destination stay untouched.
    const id = randomUUID();
    const faults = await this.destinations.faultsOf(id, body, plan, token);
    if (faults.length > 0 || token === undefined) return { kind: 'refused', faults };
    const opened = registry[body.type].open({ id, url: body.url, options: body.options, token });
    if (!opened.ok)
      return { kind: 'refused', faults: opened.faults.map(({ field, words }) => ({ path: field, message: words })) };
    const probe = opened.destination.probe();
    try {
      const stages = await this.run(id, probe.steps, body.caPem ?? null);
      return {
        kind: 'tested',
        result: { ok: stages.every((stage) => stage.ok), stages, notProven: [...probe.notProven] },
      };
    } finally {
      await this.egress.close(id);
    }
  }

  private async run(id: string, steps: readonly ProbeStep[], caPem: string | null): Promise<Stage[]> {
    const deadline = AbortSignal.timeout(longestTestMs);
    const stages: Stage[] = [];
    for (const step of steps) {
      const result = await this.egress.request({ destinationId: id, configVersion: 0, caPem }, step.request, deadline);
      if (result.kind === 'failure') return [...stages, ...stagesUpTo(result, stages.length > 0)];
      if (stages.length === 0) stages.push(...connectionStages.map(passed));
      const stage: Stage = { stage: step.stage, ...step.judge(result.response) };
      stages.push(stage);
      if (!stage.ok) break;
    }
    return stages;
  }
}

/** What comes before an answer, in the order in which it happens. */
const connectionStages = ['policy', 'dns', 'tcp', 'tls'] as const;

/** A failure says with its stage that the ones before it went well. */
function stagesUpTo(failure: EgressFailure, connected: boolean): Stage[] {
  const at = connectionStages.findIndex((stage) => stage === failure.stage);
  const before = connected ? [] : connectionStages.slice(0, at === -1 ? connectionStages.length : at).map(passed);
  return [
    ...before,
    {
      stage: connectionStages[at] ?? 'answer',
      ok: false,
      code: failure.code,
      detail: failure.words,
      fix: adviceFor(failure.reason),
    },
  ];
}

function passed(stage: Stage['stage']): Stage {
  return { stage, ok: true, code: 'ok', detail: '', fix: '' };
}
