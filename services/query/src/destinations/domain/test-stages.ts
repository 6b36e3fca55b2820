// The stages of a connection test as its result lists them, and what is found at those that come before any answer.
import { probeStages, receiverWords, type Finding, type FindingState, type ProbeStage } from '@auditlane/destinations';

export const connectionStages = ['policy', 'dns', 'tcp', 'tls'] as const;
export type ConnectionStage = (typeof connectionStages)[number];
export const testStages = [...connectionStages, ...probeStages] as const;
export type TestStageName = ConnectionStage | ProbeStage;

/** A receiver's certificate, cleaned. */
export interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  readonly names: readonly string[];
  readonly validFrom: string;
  readonly validTo: string;
}

export interface TestStage {
  readonly stage: TestStageName;
  readonly state: FindingState | 'not_reached';
  readonly code: string;
  readonly reason: string | null;
  readonly detail: string;
  readonly words: string;
  readonly fix: string;
  readonly certificate: ShownCertificate | null;
}

/** What libs/egress says where no answer came. */
export interface Failure {
  readonly stage: string;
  readonly code: string;
  readonly reason: string;
  readonly words: string;
  readonly certificate?: ShownCertificate;
}

interface OwnCode {
  readonly stage: string;
  readonly state: TestStage['state'];
  readonly meaning: string;
  readonly fix: string;
}

/** The codes of this service itself; those of connection and answer stand with libs/egress and libs/destinations. */
export const ownCodes = {
  ok: { stage: 'policy, dns, tcp, tls', state: 'ok', meaning: 'Passed.', fix: '' },
  no_public_address: {
    stage: 'dns',
    state: 'failed',
    meaning: 'The host name does not exist, or leads to an address that requests may not go to.',
    fix: 'Check the spelling of the host and use one with a public address; for one of your own network, ask the operator to allow it (AUDITLANE_EGRESS_ALLOW).',
  },
  test_timed_out: {
    stage: 'any',
    state: 'failed',
    meaning: 'The test took too long as a whole and was given up here.',
    fix: 'The receiver answers, but too slowly: check its load and the proxies before it.',
  },
  shown_by_event: {
    stage: 'answer, authentication, permission',
    state: 'ok',
    meaning: 'The receiver took the test event, which shows this too.',
    fix: '',
  },
  not_tried: {
    stage: 'any',
    state: 'not_proven',
    meaning: 'Nothing that was asked shows this.',
    fix: '',
  },
  not_reached: {
    stage: 'any',
    state: 'not_reached',
    meaning: 'An earlier stage failed.',
    fix: '',
  },
} as const satisfies Readonly<Record<string, OwnCode>>;

export function ownStage(stage: TestStageName, code: keyof typeof ownCodes, detail?: string): TestStage {
  const { state, meaning, fix } = ownCodes[code];
  return { stage, state, code, reason: null, detail: detail ?? meaning, words: '', fix, certificate: null };
}

export function passedTls(protocol: string, certificate: ShownCertificate): TestStage {
  const shown = clean(certificate);
  return {
    ...ownStage(
      'tls',
      'ok',
      `${receiverWords(protocol)}; certificate of ${shown.subject}, issued by ${shown.issuer}, valid until ${shown.validTo}.`,
    ),
    certificate: shown,
  };
}

export function stageOfFinding(stage: ProbeStage, finding: Finding): TestStage {
  const { state, code, reason = null, detail, words, fix } = finding;
  return { stage, state, code, reason, detail, words, fix, certificate: null };
}

/** The two that must not be told apart: a name that does not exist, and one of an inner network. Who could, would map that network by its names. */
const unspoken: ReadonlySet<string> = new Set(['dns_not_found', 'destination_refused']);

export function spokenFailure({ code, words }: Pick<Failure, 'code' | 'words'>): Pick<Failure, 'code' | 'words'> {
  return unspoken.has(code)
    ? { code: 'no_public_address', words: ownCodes.no_public_address.meaning }
    : { code, words };
}

export function stageOfFailure(stage: TestStageName, failure: Failure, fix: string): TestStage {
  if (unspoken.has(failure.code)) return { ...ownStage('dns', 'no_public_address'), reason: 'name_not_resolved' };
  const certificate = failure.certificate === undefined ? null : clean(failure.certificate);
  return {
    stage,
    state: 'failed',
    code: failure.code,
    reason: failure.reason,
    detail: certificate === null ? failure.words : `${failure.words} ${certificateWords(failure.code, certificate)}`,
    words: '',
    fix,
    certificate,
  };
}

function certificateWords(code: string, { subject, issuer, names, validFrom, validTo }: ShownCertificate): string {
  if (code === 'tls_wrong_name') return `It is for ${names.length > 0 ? names.join(', ') : subject}.`;
  if (code === 'tls_expired') return `The receiver's own (${subject}) is valid until ${validTo}.`;
  if (code === 'tls_not_yet_valid') return `The receiver's own (${subject}) is valid from ${validFrom}.`;
  return `It is that of ${subject}, issued by ${issuer}.`;
}

function clean({ subject, issuer, names, validFrom, validTo }: ShownCertificate): ShownCertificate {
  return {
    subject: receiverWords(subject) || '(no name)',
    issuer: receiverWords(issuer) || '(no name)',
    names: names.map(receiverWords),
    validFrom,
    validTo,
  };
}
