// Test Connection: sends the probe of a destination type through the same guarded client as delivery, and says stage by stage what was found.
import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { registry, testEvent, type Destination, type Judged, type ProbeStep } from '@auditlane/destinations';
import { egressAdvice, type Egress, type EgressFailure, type EgressTarget } from '@auditlane/egress';
import type { Fault } from '../problem/problem';
import type { TestBody, TestResult } from './destinations.schema';
import type { DestinationsService } from './destinations.service';
import { TestReport } from './domain/test-report';
import { ownStage, passedTls, type TestStage } from './domain/test-stages';
import { planToken } from './domain/token-rule';

export interface TestTimes {
  /** For the test as a whole. */
  readonly totalMs: number;
  /** For each request. */
  readonly requestMs: number;
  /** How long a receiver is asked whether the test event is safe. */
  readonly confirmMs: number;
}

export type Prepared =
  | { readonly kind: 'ready'; readonly test: ReadyTest }
  | { readonly kind: 'refused'; readonly faults: readonly Fault[] }
  | { readonly kind: 'absent' };

/** Settings that could be saved, or whose address the policy refuses: that is for the test to say. */
export interface ReadyTest {
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  readonly caPem: string | null;
  readonly sendEvent: boolean;
  readonly destination: Destination;
}

/** How often a receiver is asked again within the time there is. */
const polls = 20;

export class ConnectionTestService {
  constructor(
    private readonly destinations: DestinationsService,
    private readonly egress: Egress,
    readonly times: TestTimes,
  ) {}

  async prepare(tenant: string, body: TestBody): Promise<Prepared> {
    const saved =
      body.destinationId === undefined ? undefined : await this.destinations.find(tenant, body.destinationId);
    if (body.destinationId !== undefined && !saved) return { kind: 'absent' };
    const plan = planToken(body.token, body.url, saved?.url);
    const token = plan.kind === 'new' ? plan.token : saved && this.destinations.storedToken(tenant, saved);
    // A fresh id: the receiver's channel and our connections of the real destination stay untouched.
    const id = randomUUID();
    const faults = this.destinations.settingsFaults(id, body, plan, token);
    if (faults.length > 0 || token === undefined) return { kind: 'refused', faults };
    const opened = registry[body.type].open({ id, channel: id, url: body.url, options: body.options, token });
    if (!opened.ok)
      return { kind: 'refused', faults: opened.faults.map(({ field, words }) => ({ path: field, message: words })) };
    const { url, caPem = null, sendEvent } = body;
    return { kind: 'ready', test: { id, tenant, url, caPem, sendEvent, destination: opened.destination } };
  }

  /** `say` hears of each stage as it is settled. Ends within the time for the whole test, or when `signal` says that nobody waits for it. */
  async run(test: ReadyTest, say: (stage: TestStage) => void, signal: AbortSignal): Promise<TestResult> {
    const startedAt = performance.now();
    const report = new TestReport(say);
    const eventId = test.sendEvent ? `connection-test-${test.id}` : null;
    const probe = test.destination.probe(eventId === null ? undefined : testEvent(test.tenant, eventId, new Date()));
    const deadline = AbortSignal.timeout(this.times.totalMs);
    try {
      await this.steps(test, probe.steps, report, AbortSignal.any([deadline, signal]));
    } finally {
      await this.egress.close(test.id);
    }
    const stages = report.finish(probe.unproven, test.sendEvent);
    return {
      ok: stages.every((stage) => stage.state !== 'failed'),
      stages,
      notProven: probe.notProven,
      eventId,
      durationMs: Math.round(performance.now() - startedAt),
    };
  }

  private async steps(
    test: ReadyTest,
    planned: readonly ProbeStep[],
    report: TestReport,
    signal: AbortSignal,
  ): Promise<void> {
    // As it was typed: what the parser makes of it is judged again with every request.
    const typed = this.egress.judgeUrl(test.url);
    if (typed.kind === 'failure') return report.broken('answer', typed, egressAdvice(typed.code));
    const target: EgressTarget = {
      destinationId: test.id,
      configVersion: 0,
      caPem: test.caPem,
      observe: (passed) =>
        report.connected(
          passed.stage === 'tls' ? passedTls(passed.protocol, passed.certificate) : ownStage(passed.stage, 'ok'),
        ),
    };
    const queue = [...planned];
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      if (report.isPassed(step.stage)) continue;
      const answer = await this.ask(target, step, signal);
      if (answer.kind === 'failure') {
        if (answer.code === 'aborted') report.timedOut(step.stage);
        else report.broken(step.stage, answer, egressAdvice(answer.code));
        return;
      }
      for (const finding of answer.findings) report.found(step.stage, finding);
      if (report.failed) return;
      if (answer.next) queue.unshift(answer.next);
    }
  }

  /** Again and again where the answer is "not yet", for as long as there is time for that. */
  private async ask(
    target: EgressTarget,
    step: ProbeStep,
    signal: AbortSignal,
  ): Promise<({ readonly kind: 'judged' } & Judged) | EgressFailure> {
    const { requestMs, confirmMs } = this.times;
    const request = { ...step.request, timeoutMs: Math.min(step.request.timeoutMs, requestMs) };
    const until = performance.now() + confirmMs;
    for (;;) {
      const result = await this.egress.request(target, request, signal);
      if (result.kind === 'failure') return result;
      const judged = step.judge(result.response);
      if (judged !== 'not_yet') return { kind: 'judged', ...judged };
      const isOver = performance.now() + confirmMs / polls > until || signal.aborted;
      if (isOver) return { kind: 'judged', findings: step.late === undefined ? [] : [step.late] };
      await wait(confirmMs / polls, undefined, { signal }).catch(() => undefined);
    }
  }
}
