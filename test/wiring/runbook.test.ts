// Holds the runbook complete: an operator who meets a reason code finds it there.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  dropReasons,
  laneReasons,
  parkReasons,
  poisonReasons,
  quarantineReasons,
  replayReasons,
  retryReasons,
  transientReasons,
} from '@auditlane/contracts';
import { checkoutRoot } from '@auditlane/testing';

it('explains every reason code', () => {
  const runbook = readFileSync(join(checkoutRoot, 'docs/runbook.md'), 'utf8');
  const all = [
    quarantineReasons,
    dropReasons,
    retryReasons,
    poisonReasons,
    parkReasons,
    transientReasons,
    laneReasons,
    replayReasons,
  ].flat();
  expect(all.filter((reason) => !runbook.includes(`\`${reason}\``))).toEqual([]);
});
