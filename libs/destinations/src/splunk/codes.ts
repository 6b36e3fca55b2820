// Every code that a test of a Splunk destination can find besides those of HTTP itself: what it means, and where in Splunk to set it right.
import type { CodeEntry, CodeTable, ProbeStage } from '../probe';

const ok = (stage: ProbeStage, meaning: string): CodeEntry => ({ stage, state: 'ok', meaning, fix: '' });
const open = (stage: ProbeStage, meaning: string, fix: string): CodeEntry => ({
  stage,
  state: 'not_proven',
  meaning,
  fix,
});
const bad = (stage: ProbeStage, meaning: string, fix: string): CodeEntry => ({ stage, state: 'failed', meaning, fix });

const tokens = 'Settings > Data inputs > HTTP Event Collector';
const copyToken = `In Splunk, open ${tokens}, copy the Token Value of this very Splunk and enter it bare, without "Splunk" before it.`;
const enableToken = `In Splunk, open ${tokens}, enable the token, and set All Tokens to Enabled under Global Settings.`;
const later = 'Splunk is full for now: try again in a while, or give its indexers more room.';
const channel =
  'Splunk Cloud behind a load balancer needs sticky sessions for the token; else switch acknowledgement off for it.';
const report =
  'Try again; if it lasts, report it with the code: the request is made by this service, not by your settings.';

export const splunkCodes: CodeTable = {
  healthy: ok('answer', 'The HTTP Event Collector answers and is healthy.'),
  healthy_but_full: ok(
    'answer',
    'The HTTP Event Collector is up, but its queues are full for now: delivery will have to wait.',
  ),
  health_not_shown: open(
    'answer',
    'The health endpoint is not reachable from here; the token decides.',
    'Nothing to do where the next stages pass: many proxies let through only the event endpoint.',
  ),
  collector_answers: ok('answer', 'The HTTP Event Collector answers.'),
  not_hec: bad(
    'answer',
    'Something else than the HTTP Event Collector answers.',
    'Check host and port: the collector has a port of its own (8088 by default, 443 on Splunk Cloud), not that of Splunk Web (8000) or of management (8089).',
  ),
  token_accepted: ok('authentication', 'Splunk knows the token, and it is enabled. No event was written.'),
  hec_1: bad('authentication', 'The token is disabled.', enableToken),
  hec_2: bad(
    'authentication',
    'The collector saw no token.',
    'A proxy in between removes the Authorization header: let it pass it on.',
  ),
  hec_3: bad('authentication', 'The collector does not understand the Authorization header.', copyToken),
  hec_4: bad('authentication', 'Splunk does not know the token.', copyToken),
  hec_21: bad('authentication', 'Splunk does not know the token.', copyToken),
  hec_22: bad('authentication', 'The token is disabled.', enableToken),
  hec_16: bad(
    'authentication',
    'The collector saw no token in the header.',
    'Let the proxy in between pass the Authorization header on.',
  ),
  http_401: bad('authentication', 'The token is not accepted, by Splunk or by a proxy before it.', copyToken),
  http_403: bad('authentication', 'The token is not accepted, by Splunk or by a proxy before it.', copyToken),
  http_404: bad(
    'answer',
    'There is no HTTP Event Collector at this path.',
    `Enter the base URL, for example https://splunk.example.com:8088, and enable the collector under ${tokens} > Global Settings.`,
  ),
  hec_5: bad(
    'event',
    'The collector says that the request was empty, and it was not.',
    'Check the proxies in between: one of them drops the body.',
  ),
  hec_6: bad(
    'event',
    'The collector cannot read the event.',
    'Check the proxies in between, and switch gzip off in the options.',
  ),
  hec_7: bad(
    'permission',
    'The index does not exist, or the token may not write to it.',
    `In Splunk, open ${tokens}, edit the token and add the index to Selected Indexes; or enter another index in the options.`,
  ),
  hec_8: bad(
    'event',
    'Splunk reports an internal error.',
    'Look into splunkd.log on the Splunk side; try again when it is repaired.',
  ),
  hec_9: bad('event', 'Splunk is busy.', later),
  hec_10: bad('authentication', 'The collector asks for a request channel and saw none.', channel),
  hec_11: bad('authentication', 'The collector does not accept the request channel.', channel),
  hec_28: bad('authentication', 'The collector asks for a request channel and saw none.', channel),
  hec_12: bad('event', 'The collector found no event in the request.', report),
  hec_13: bad('event', 'The collector found a blank event in the request.', report),
  hec_15: bad('event', 'The collector refuses the indexed fields.', report),
  hec_14: bad(
    'confirmation',
    'Indexer acknowledgement is off for this token, and the settings require it.',
    `In Splunk, open ${tokens}, edit the token and tick "Enable indexer acknowledgement"; or set acknowledgement to auto in the options.`,
  ),
  hec_18: bad('answer', 'The queues of Splunk are full.', later),
  hec_19: bad('answer', 'The acknowledgement service of Splunk is not available.', later),
  hec_20: bad('answer', 'The queues of Splunk are full, and its acknowledgement service is not available.', later),
  hec_23: bad('answer', 'Splunk is shutting down.', 'Try again when it is up.'),
  hec_26: bad('event', 'The queue of Splunk is full.', later),
  hec_27: bad('event', 'The acknowledgement channel of Splunk is full.', later),
  index_needs_event: open(
    'permission',
    'Whether the token may write to the index, Splunk tells only when it is sent an event.',
    'Test again with the test event switched on.',
  ),
  event_taken: ok('event', 'Splunk took the test event.'),
  event_taken_queues_filling: ok('event', 'Splunk took the test event, and says that its queues are filling up.'),
  acknowledged: ok('confirmation', 'Splunk acknowledged the test event: it is safe with the indexers.'),
  not_acknowledged: open(
    'confirmation',
    'Splunk took the test event and has not acknowledged it yet.',
    'Acknowledgement may take minutes. Search for the test event in the index; if it is there and is never acknowledged, check the load balancer for sticky sessions.',
  ),
  acknowledgement_unreadable: open(
    'confirmation',
    'Splunk took the test event, and could not be asked whether it is acknowledged.',
    'Search for the test event in the index.',
  ),
  no_acknowledgement: open(
    'confirmation',
    'Splunk parsed and queued the test event, and acknowledges nothing for this token: an index that does not exist would look the same.',
    `Search for the test event in the index. For proof, tick "Enable indexer acknowledgement" at the token (${tokens}).`,
  ),
  acknowledgement_not_awaited: open(
    'confirmation',
    'Splunk parsed and queued the test event; by the settings nothing more is awaited, and an index that does not exist would look the same.',
    'Search for the test event in the index, or set acknowledgement to auto in the options.',
  ),
  acknowledgement_missing: bad(
    'confirmation',
    'Splunk took the test event and gave no acknowledgement id, which the settings require.',
    `In Splunk, open ${tokens}, edit the token and tick "Enable indexer acknowledgement"; or set acknowledgement to auto in the options.`,
  ),
  acknowledges: open(
    'confirmation',
    'Splunk acknowledges events for this token; no event was sent that it could.',
    'Test again with the test event switched on.',
  ),
  acknowledges_nothing: open(
    'confirmation',
    'Splunk acknowledges nothing for this token: delivered will mean parsed and queued.',
    `For proof that events are safe, tick "Enable indexer acknowledgement" at the token (${tokens}).`,
  ),
};
