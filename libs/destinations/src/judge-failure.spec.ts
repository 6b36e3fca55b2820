// What happens where no answer came.
import { judgeFailure } from './judge-failure';
import type { EgressFailure } from './types';

describe('a failed request', () => {
  it.each<[EgressFailure['stage'], string, string]>([
    ['dns', 'ENOTFOUND', 'name_not_resolved'],
    ['dns', 'dns_timeout', 'timed_out'],
    ['tcp', 'ECONNREFUSED', 'connection_failed'],
    ['tcp', 'ETIMEDOUT', 'timed_out'],
    ['tcp', 'UND_ERR_CONNECT_TIMEOUT', 'timed_out'],
    ['tls', 'CERT_HAS_EXPIRED', 'tls_failed'],
    ['tls', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
    ['request', 'EPIPE', 'connection_failed'],
    ['request', 'UND_ERR_ABORTED', 'aborted'],
    ['response', 'ECONNRESET', 'connection_failed'],
    ['response', 'UND_ERR_HEADERS_TIMEOUT', 'timed_out'],
    ['response', 'UND_ERR_BODY_TIMEOUT', 'timed_out'],
  ])('in %s with %s is retried as %s', (stage, code, reason) => {
    expect(judgeFailure({ stage, code, words: 'x' })).toEqual({ kind: 'retry', reason, code, words: 'x' });
  });

  it('parks where our own policy refuses the address', () => {
    expect(judgeFailure({ stage: 'policy', code: 'address_private', words: 'x' })).toMatchObject({
      kind: 'park',
      reason: 'egress_refused',
    });
  });

  it('keeps the reason that the sender names', () => {
    expect(judgeFailure({ stage: 'tcp', reason: 'aborted', code: 'x', words: '' })).toMatchObject({
      kind: 'retry',
      reason: 'aborted',
    });
    expect(judgeFailure({ stage: 'request', reason: 'secret_unavailable', code: 'x', words: '' })).toMatchObject({
      kind: 'park',
      reason: 'secret_unavailable',
    });
  });
});
