// What a test of an HTTPS collector can find besides the codes of HTTP itself.
import type { CodeEntry, CodeTable, ProbeStage } from '../probe';

const ok = (stage: ProbeStage, meaning: string): CodeEntry => ({ stage, state: 'ok', meaning, fix: '' });
const open = (stage: ProbeStage, meaning: string, fix: string): CodeEntry => ({
  stage,
  state: 'not_proven',
  meaning,
  fix,
});

const sendEvent = 'Test again with the test event switched on: only a POST shows it.';

export const httpCodes: CodeTable = {
  answered: ok('answer', 'A server answers at this address.'),
  answered_without_post: open(
    'answer',
    'A server answers at this address, and does not list POST among what it takes there.',
    'Check the path of the URL, then test again with the test event switched on.',
  ),
  token_needs_event: open(
    'authentication',
    'Whether the token is accepted, a collector tells only for a POST.',
    sendEvent,
  ),
  permission_needs_event: open(
    'permission',
    'Whether the token may deliver, a collector tells only for a POST.',
    sendEvent,
  ),
  event_taken: ok('event', 'The collector answered the test event with a success.'),
  confirmed_by_status: ok(
    'confirmation',
    'A status of 2xx is the whole promise of an HTTP collector; delivery counts on it.',
  ),
  answered_with_a_page: open(
    'confirmation',
    'The success is a web page: a sign-in page or a proxy answers like that, and keeps no event.',
    'Check that the test event arrived. If it did not, enter the address of the collector itself.',
  ),
};
