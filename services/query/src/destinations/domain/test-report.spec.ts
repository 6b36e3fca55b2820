// Where a test files what it finds, and what it says of stages that nothing was found about.
import type { Finding } from '@auditlane/destinations';
import { TestReport } from './test-report';
import { connectionStages, ownStage, type Failure, type TestStage } from './test-stages';

const finding = (stage: Finding['stage'], state: Finding['state'], code = 'x'): Finding => ({
  stage,
  state,
  code,
  detail: 'd',
  words: '',
  fix: '',
});
const failure = (stage: string, code: string): Failure => ({ stage, code, reason: 'timed_out', words: 'w' });
const connected = (said: TestStage[] = []): TestReport => {
  const report = new TestReport((stage) => said.push(stage));
  for (const stage of connectionStages) report.connected(ownStage(stage, 'ok'));
  return report;
};
const shape = (stages: readonly TestStage[]): readonly string[] =>
  stages.slice(4).map(({ stage, state, code }) => `${stage}:${state}:${code}`);

describe('the report of a connection test', () => {
  it('lists what was not reached behind a failure, and what nothing showed before it', () => {
    const report = connected();
    report.found('answer', finding('answer', 'ok'));
    report.found('event', finding('event', 'failed', 'bad'));
    expect(shape(report.finish([finding('permission', 'not_proven', 'why')], true))).toEqual([
      'answer:ok:x',
      'authentication:not_proven:not_tried',
      'permission:not_proven:why',
      'event:failed:bad',
      'confirmation:not_reached:not_reached',
    ]);
  });

  it('takes an event that was taken as proof of what comes before it', () => {
    const report = connected();
    report.found('answer', finding('answer', 'not_proven'));
    report.found('event', finding('event', 'ok'));
    expect(shape(report.finish([], true))).toEqual([
      'answer:ok:shown_by_event',
      'authentication:ok:shown_by_event',
      'permission:ok:shown_by_event',
      'event:ok:x',
      'confirmation:not_proven:not_tried',
    ]);
  });

  it('files a refusal of something that was passed already under what was being tried', () => {
    const report = connected();
    report.found('authentication', finding('authentication', 'ok'));
    report.found('event', finding('authentication', 'failed', 'late'));
    expect(shape(report.finish([], true))).toContain('event:failed:late');
  });

  it('loses no refusal that belongs to a stage that is not planned', () => {
    const report = connected();
    report.found('authentication', finding('event', 'failed', 'busy'));
    expect(shape(report.finish([], false))).toContain('authentication:failed:busy');
  });

  it.each([
    ['tcp', 'tcp_refused', 'answer:failed:tcp_refused'],
    ['request', 'request_timeout', 'answer:failed:request_timeout'],
  ])('files a failure at %s once the connection stood under what was being tried', (stage, code, expected) => {
    const report = connected();
    report.broken('answer', failure(stage, code), 'f');
    expect(shape(report.finish([], false))[0]).toBe(expected);
  });

  it('takes the handshake back where a client certificate was asked for after it', () => {
    const report = connected();
    report.broken('answer', failure('tls', 'tls_client_certificate'), 'f');
    expect(report.finish([], false)[3]).toMatchObject({ stage: 'tls', state: 'failed' });
  });

  it('says where it stood when time was up', () => {
    const report = new TestReport(() => {});
    report.connected(ownStage('policy', 'ok'));
    report.connected(ownStage('dns', 'ok'));
    report.timedOut('answer');
    expect(report.finish([], false)[2]).toMatchObject({ stage: 'tcp', state: 'failed', code: 'test_timed_out' });
  });

  it.each(['dns_not_found', 'destination_refused'])('never says %s', (code) => {
    const said: TestStage[] = [];
    const report = new TestReport((stage) => said.push(stage));
    report.connected(ownStage('policy', 'ok'));
    report.broken('answer', failure(code === 'dns_not_found' ? 'dns' : 'policy', code), 'f');
    expect(said.at(-1)).toMatchObject({ stage: 'dns', code: 'no_public_address', reason: 'name_not_resolved' });
    expect(report.finish([], false)[0]).toMatchObject({ stage: 'policy', state: 'ok' });
  });
});
