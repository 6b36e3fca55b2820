// What happens where no answer came.
import { parkReasons, transientReasons } from '@auditlane/contracts';
import { judgeFailure } from './judge-failure';

describe('a failed request', () => {
  it.each(transientReasons)('is retried as %s', (reason) => {
    expect(judgeFailure({ reason, code: 'c', words: 'w' })).toEqual({ kind: 'retry', reason, code: 'c', words: 'w' });
  });

  it.each(parkReasons)('parks as %s, never under another reason', (reason) => {
    expect(judgeFailure({ reason, code: 'c', words: 'w' })).toEqual({ kind: 'park', reason, code: 'c', words: 'w' });
  });
});
