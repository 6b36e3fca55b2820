// Files what a connection test finds under its stages, and says at the end what was passed, what failed, what nothing showed and what was not reached.
import { probeStages, type Finding, type ProbeStage } from '@auditlane/destinations';
import {
  connectionStages,
  ownStage,
  stageOfFailure,
  stageOfFinding,
  testStages,
  type Failure,
  type TestStage,
  type TestStageName,
} from './test-stages';

export class TestReport {
  private readonly filed = new Map<TestStageName, TestStage>();

  /** `say` hears of each stage once it is settled, in the order in which that happens. */
  constructor(private readonly say: (stage: TestStage) => void) {}

  get failed(): boolean {
    return [...this.filed.values()].some((stage) => stage.state === 'failed');
  }

  isPassed(stage: TestStageName): boolean {
    return this.filed.get(stage)?.state === 'ok';
  }

  /** A stage before any answer; a second connection says nothing new. */
  connected(stage: TestStage): void {
    if (!this.filed.has(stage.stage)) this.put(stage);
  }

  /** What an answer showed, while `step` was being tried. */
  found(step: ProbeStage, finding: Finding): void {
    const isSettled = this.isPassed(finding.stage);
    // What was passed stays passed; a refusal after it is of what was being tried.
    if (isSettled && finding.state !== 'failed') return;
    // A busy receiver is met by the first request already, though the table names the stage where it matters.
    const isAhead =
      step !== 'event' && (finding.stage === 'event' || finding.stage === 'confirmation') && step !== finding.stage;
    const stage = finding.state === 'failed' && (isSettled || isAhead) ? step : finding.stage;
    if (stage === 'event' && finding.state === 'ok') this.shownByEvent();
    this.put(stageOfFinding(stage, finding));
  }

  /** No answer came, while `step` was being tried. */
  broken(step: ProbeStage, failure: Failure, fix: string): void {
    const connecting = connectionStages.find((stage) => stage === failure.stage);
    // TLS 1.3 asks for a client's certificate after the handshake: that stage was passed too early.
    const isTooLate =
      connecting !== undefined && this.isPassed(connecting) && failure.code !== 'tls_client_certificate';
    const stage = connecting === undefined || isTooLate ? this.reached(step) : connecting;
    this.put(stageOfFailure(stage, failure, fix));
  }

  timedOut(step: ProbeStage): void {
    this.put({ ...ownStage(this.reached(step), 'test_timed_out'), reason: 'timed_out' });
  }

  /** All stages of this test, in order; what nothing was found about is said to be so. */
  finish(unproven: readonly Finding[], withEvent: boolean): readonly TestStage[] {
    const planned = testStages.filter((stage) => stage !== 'event' || withEvent);
    const failedAt = planned.findIndex((stage) => this.filed.get(stage)?.state === 'failed');
    for (const [at, stage] of planned.entries()) {
      if (this.filed.has(stage)) continue;
      const finding = unproven.find((candidate) => candidate.stage === stage);
      if (failedAt !== -1 && at > failedAt) this.put(ownStage(stage, 'not_reached'));
      else if (finding) this.put(stageOfFinding(finding.stage, finding));
      else if (stage !== 'confirmation' || withEvent) this.put(ownStage(stage, 'not_tried'));
    }
    return planned.flatMap((stage) => this.filed.get(stage) ?? []);
  }

  /** Where the test stands: on the way to a connection, or at the step. */
  private reached(step: ProbeStage): TestStageName {
    return connectionStages.find((name) => !this.filed.has(name)) ?? step;
  }

  private shownByEvent(): void {
    for (const stage of probeStages.slice(0, probeStages.indexOf('event')))
      if (!this.isPassed(stage)) this.put(ownStage(stage, 'shown_by_event'));
  }

  private put(stage: TestStage): void {
    this.filed.set(stage.stage, stage);
    this.say(stage);
  }
}
