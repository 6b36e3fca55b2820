// Splunk's collector: its address, its envelope, and the meaning of each answer as recorded from real ones.
import { answer, destinationId, hec, openFaults, opened, sampleEvent, sampleEvents } from '../../spec/samples';
import { foundBy } from '../../spec/found-by';
import { testEvent } from '../test-event';
import type { Verdict } from '../types';
import { checkSplunkUrl } from './base-url';
import { splunkCodes } from './codes';

const splunk = opened('splunk');
const judge = (response: Parameters<typeof splunk.judge>[0], count = 3): readonly Verdict[] =>
  splunk.judge(response, sampleEvents(count));
const kinds = (verdicts: readonly Verdict[]): string[] =>
  verdicts.map((verdict) => ('reason' in verdict ? `${verdict.kind}:${verdict.reason}` : verdict.kind));

describe('the address of a Splunk collector', () => {
  it.each([
    ['https://splunk.example.com:8088', 'https://splunk.example.com:8088'],
    ['https://splunk.example.com:8088/', 'https://splunk.example.com:8088'],
    ['https://splunk.example.com:8088/services/collector', 'https://splunk.example.com:8088'],
    ['https://splunk.example.com:8088/services/collector/', 'https://splunk.example.com:8088'],
    ['https://splunk.example.com:8088/services/collector/event', 'https://splunk.example.com:8088'],
    ['https://splunk.example.com:8088/services/collector/event/1.0', 'https://splunk.example.com:8088'],
    ['https://http-inputs-acme.splunkcloud.com:443', 'https://http-inputs-acme.splunkcloud.com'],
    ['https://proxy.acme.test/splunk/', 'https://proxy.acme.test/splunk'],
    ['https://proxy.acme.test/splunk/services/collector/event', 'https://proxy.acme.test/splunk'],
  ])('%s is sent to below %s', (pasted, base) => {
    expect(checkSplunkUrl(pasted)).toEqual({ ok: true, url: base });
    const request = opened('splunk', { url: pasted }).encode(sampleEvents(1));
    expect(request.url).toBe(`${base}/services/collector/event`);
  });

  it.each([
    ['https://splunk.example.com:8088/services/collector/raw', 'hec_raw_refused'],
    ['https://splunk.example.com:8088/services/collector/raw/1.0', 'hec_raw_refused'],
    ['https://splunk.example.com:8088/services/collector/ack', 'hec_path_unknown'],
    ['https://user:secret@splunk.example.com:8088', 'url_has_credentials'],
    ['https://splunk.example.com:8088?token=1', 'url_has_query'],
    ['https://splunk.example.com:8088/?', 'url_has_query'],
    ['https://splunk.example.com:8088/#x', 'url_has_fragment'],
    ['http://splunk.example.com:8088', 'https_required'],
    ['splunk.example.com', 'url_invalid'],
    ['', 'url_invalid'],
  ])('%s is refused as %s', (pasted, code) => {
    expect(checkSplunkUrl(pasted)).toMatchObject({ ok: false, field: 'url', code });
  });
});

describe('the HEC envelope', () => {
  it('is these bytes', () => {
    const destination = opened('splunk', { options: { index: 'audit', host: 'auditlane-1' } });
    expect(destination.encode([sampleEvent(7)]).body.toString()).toBe(
      '{"time":1795464000.007,"host":"auditlane-1","source":"auditlane","sourcetype":"auditlane:event","index":"audit","event":' +
        '{"action":"workflows.workflow_created","actor":{"email":"jane@acme.test","type":"user"},' +
        '"id":"0197f3c0-0000-7000-8000-000000000007","tenantId":"acme"},' +
        '"fields":{"tenant":"acme","event_id":"0197f3c0-0000-7000-8000-000000000007","seq":"7",' +
        '"action":"workflows.workflow_created","area":"workflows","category":"System configuration"}}\n',
    );
  });

  it('has no key but those that Splunk knows, since it answers 200 and drops an event with any other', () => {
    const allowed = ['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields'];
    for (const options of [{}, { index: 'audit', host: 'h', source: 's', sourcetype: 't' }]) {
      const envelope: unknown = JSON.parse(
        opened('splunk', { options })
          .encode([sampleEvent(1)])
          .body.toString(),
      );
      const keys = Object.keys(Object(envelope));
      expect(keys.filter((key) => !allowed.includes(key))).toEqual([]);
      expect(keys).toEqual(expect.arrayContaining(['time', 'event', 'fields']));
    }
  });

  it('goes out with token, channel, gzip and the limits of the type', () => {
    const request = splunk.encode(sampleEvents(2));
    expect(request).toMatchObject({ method: 'POST', gzip: true, timeoutMs: 30_000 });
    expect(request.headers).toEqual({
      authorization: 'Splunk 11111111-2222-3333-4444-555555555555',
      'content-type': 'application/json',
      'x-splunk-request-channel': destinationId,
    });
    expect(splunk.limits).toEqual({ events: 500, bytes: 1_000_000, timeoutMs: 30_000 });
  });

  it('goes out as it is where gzip is off, with the same body', () => {
    const plain = opened('splunk', { options: { gzip: false } }).encode(sampleEvents(2));
    expect(plain).toEqual({ ...splunk.encode(sampleEvents(2)), gzip: false });
  });
});

describe('the settings of a Splunk destination', () => {
  it('have defaults for all', () => {
    expect(openFaults('splunk').ok).toBe(true);
  });

  it.each([
    [{ index: '_internal' }, 'options.index'],
    [{ index: 'Audit' }, 'options.index'],
    [{ sourcetype: '' }, 'options.sourcetype'],
    [{ source: 'a\nb' }, 'options.source'],
    [{ acknowledgement: 'always' }, 'options.acknowledgement'],
    [{ gzip: 'yes' }, 'options.gzip'],
    [{ token: 'x' }, 'options'],
    [null, 'options'],
  ])('refuse %j', (options, field) => {
    const result = openFaults('splunk', { options });
    expect(result.ok ? [] : new Set(result.faults.map((fault) => fault.field))).toEqual(new Set([field]));
  });

  it('name all faults at once and never repeat the token', () => {
    const result = openFaults('splunk', { url: 'http://x', options: { index: '_' }, token: 'Splunk s3cret' });
    expect(result).toMatchObject({ ok: false, faults: [{ field: 'url' }, { field: 'options.index' }] });
    const tokenOnly = openFaults('splunk', { token: 'Splunk s3cret' });
    expect(tokenOnly).toMatchObject({ ok: false, faults: [{ field: 'token' }] });
    expect(JSON.stringify([result, tokenOnly])).not.toContain('s3cret');
  });

  it.each(['', 'a b', 'a\r\nx-evil: 1', 'tök', '\u0000', 'x'.repeat(4097)])('refuse the token %j', (token) => {
    expect(openFaults('splunk', { token })).toMatchObject({ ok: false, faults: [{ field: 'token' }] });
  });
});

describe('an answer of the collector', () => {
  it.each([
    [200, 0, 'delivered'],
    [403, 1, 'park:credentials_refused'],
    [401, 2, 'park:credentials_refused'],
    [401, 3, 'park:credentials_refused'],
    [403, 4, 'park:credentials_refused'],
    [400, 5, 'park:configuration_refused'],
    [400, 7, 'park:index_refused'],
    [500, 8, 'retry:server_error'],
    [503, 9, 'retry:busy'],
    [400, 10, 'park:acknowledgement_required'],
    [400, 11, 'park:acknowledgement_required'],
    [400, 14, 'park:configuration_refused'],
    [400, 16, 'park:configuration_refused'],
    [200, 17, 'park:not_the_expected_receiver'],
    [503, 18, 'retry:busy'],
    [503, 19, 'retry:busy'],
    [503, 20, 'retry:busy'],
    [400, 21, 'park:credentials_refused'],
    [400, 22, 'park:credentials_refused'],
    [503, 23, 'retry:busy'],
    [429, 26, 'retry:rate_limited'],
    [429, 27, 'retry:rate_limited'],
    [400, 28, 'park:acknowledgement_required'],
    [200, 99, 'park:not_the_expected_receiver'],
    [400, 99, 'split:receiver_refused_event'],
    [500, 0, 'retry:server_error'],
    [413, 413, 'split:receiver_refused_size'],
    [415, 415, 'park:configuration_refused'],
  ])('of status %i with code %i means %s for every event', (status, code, expected) => {
    expect(kinds(judge(hec(status, code, 'text')))).toEqual([expected, expected, expected]);
  });

  it.each([24, 25])('with code %i delivers and asks to slow down', (code) => {
    expect(judge(hec(200, code, 'Queue is approaching capacity'))).toEqual(
      Array.from({ length: 3 }, () => ({ kind: 'delivered', slowDown: true })),
    );
  });

  it.each([
    [6, 'receiver_refused_format'],
    [12, 'receiver_refused_event'],
    [13, 'receiver_refused_event'],
    [15, 'receiver_refused_fields'],
  ])('with code %i splits the batch at the event that it names', (code, reason) => {
    for (const [at, expected] of [
      [0, [`poison:${reason}`, 'retry:aborted', 'retry:aborted']],
      [1, ['delivered', `poison:${reason}`, 'retry:aborted']],
      [2, ['delivered', 'delivered', `poison:${reason}`]],
    ] as const) {
      const verdicts = judge(hec(400, code, 'refused', { 'invalid-event-number': at }));
      expect(kinds(verdicts)).toEqual(expected);
      expect(verdicts[at]).toMatchObject({ code: `hec_${code}`, words: 'refused' });
    }
  });

  it('asks for the rest after a bad event at once', () => {
    expect(judge(hec(400, 6, 'Invalid data format', { 'invalid-event-number': 0 }))[1]).toMatchObject({ afterMs: 0 });
  });

  it.each([[undefined], [3], [-1], [1.5], ['1'], [null]])(
    'that names the event %j, which was not sent, proves nothing: the batch is halved',
    (number) => {
      const expected = 'split:receiver_refused_format';
      expect(kinds(judge(hec(400, 6, 'x', { 'invalid-event-number': number })))).toEqual([
        expected,
        expected,
        expected,
      ]);
    },
  );

  it('with code 7 parks all events: they name one index, so none before the one it points at was taken', () => {
    const park = 'park:index_refused';
    expect(kinds(judge(hec(400, 7, 'Incorrect index', { 'invalid-event-number': 1 })))).toEqual([park, park, park]);
  });

  it('with code 6 at event 0 of more than 5,242,880 bytes is a refusal of the size', () => {
    const large = Array.from({ length: 3 }, (_, at) => sampleEvent(at, {}, { details: 'x'.repeat(1_800_000) }));
    const verdicts = splunk.judge(hec(400, 6, 'Invalid data format', { 'invalid-event-number': 0 }), large);
    expect(kinds(verdicts)).toEqual(Array.from({ length: 3 }, () => 'split:receiver_refused_size'));
  });

  it.each([
    ['a page', '<html>Login</html>'],
    ['nothing', ''],
    ['other JSON', '{"ok":true}'],
    ['a list', '[{"code":0}]'],
    ['a code that is text', '{"text":"Success","code":"0"}'],
    ['broken JSON', '{"text":"Success","code":0'],
  ])('that is 200 with %s is not the collector, and delivers nothing', (_, body) => {
    expect(kinds(judge(answer(200, body), 1))).toEqual(['park:not_the_expected_receiver']);
  });

  it('that is 200 and cut off is asked for again', () => {
    expect(kinds(judge(answer(200, '{"text":"Succ', {}, true), 1))).toEqual(['retry:unreadable_answer']);
  });

  it.each([
    [301, 'park:redirected'],
    [400, 'split:receiver_refused_event'],
    [401, 'park:credentials_refused'],
    [403, 'park:credentials_refused'],
    [404, 'park:not_found'],
    [405, 'park:method_refused'],
    [413, 'split:receiver_refused_size'],
    [502, 'retry:server_error'],
    [503, 'retry:busy'],
    [504, 'retry:timed_out'],
  ])('that is a %i from something before the collector is %s', (status, expected) => {
    expect(kinds(judge(answer(status, '<html>nginx</html>'), 1))).toEqual([expected]);
  });

  it('names its wait', () => {
    const busy = hec(503, 9, 'Server is busy');
    expect(judge({ ...busy, headers: { 'retry-after': '12' } }, 1)).toMatchObject([{ kind: 'retry', afterMs: 12_000 }]);
  });
});

describe('testing the connection to Splunk', () => {
  const withoutAcks = opened('splunk', { options: { acknowledgement: 'off' } });
  const { steps, notProven } = withoutAcks.probe();
  const [health, empty] = steps;

  it('asks for health without the token, then sends an empty body with it', () => {
    expect(steps.map(({ stage }) => stage)).toEqual(['answer', 'authentication']);
    expect(health?.request).toMatchObject({
      method: 'GET',
      url: 'https://siem.acme.test/services/collector/health',
      headers: {},
    });
    expect(empty?.request).toMatchObject({
      method: 'POST',
      url: 'https://siem.acme.test/services/collector/event',
      gzip: false,
    });
    expect(empty?.request.body).toHaveLength(0);
    expect(empty?.request.headers['authorization']).toMatch(/^Splunk /);
    expect(notProven).toHaveLength(1);
  });

  it.each([
    [hec(200, 17, 'HEC is healthy'), 'answer:ok:healthy'],
    [hec(503, 18, 'queues full'), 'answer:ok:healthy_but_full'],
    [hec(400, 21, 'Invalid token'), 'answer:not_proven:health_not_shown'],
    [answer(404, 'not here'), 'answer:not_proven:health_not_shown'],
    [answer(200, '<html>'), 'answer:failed:not_hec'],
    [answer(302), 'answer:failed:http_302'],
    [answer(407), 'answer:failed:http_407'],
    [answer(502, 'bad gateway'), 'answer:failed:http_502'],
  ])('health, answer %#', (response, expected) => {
    expect(foundBy(health, response)).toEqual([expected]);
  });

  it.each([
    [hec(400, 5, 'No data'), ['answer:ok:collector_answers', 'authentication:ok:token_accepted']],
    [hec(403, 4, 'Invalid token'), ['authentication:failed:hec_4']],
    [hec(403, 1, 'Token disabled'), ['authentication:failed:hec_1']],
    [hec(401, 3, 'Invalid authorization'), ['authentication:failed:hec_3']],
    [hec(400, 10, 'Data channel is missing'), ['authentication:failed:hec_10']],
    [hec(200, 0, 'Success'), ['answer:failed:not_hec']],
    [hec(503, 9, 'Server is busy'), ['event:failed:hec_9']],
    [answer(404, '<html>'), ['answer:failed:http_404']],
    [answer(200, '<html>'), ['answer:failed:not_hec']],
  ])('the empty body, answer %#', (response, expected) => {
    expect(foundBy(empty, response)).toEqual(expected);
  });

  it('sends the one event that it is given the way of every event', () => {
    const event = testEvent('acme', 'connection-test-1', new Date('2026-11-23T20:00:00Z'));
    const destination = opened('splunk', { options: { index: 'audit' } });
    const step = destination.probe(event).steps.at(-1);
    expect(step?.request).toEqual(destination.encode([event]));
    expect(step?.request.body.toString()).toContain('"test":true');
    expect(step?.request.body.toString()).toContain('"seq":"0"');
    expect(step?.request.body.toString()).toContain('"index":"audit"');
  });

  it.each([
    ['auto', { text: 'Success', code: 0 }, ['event:ok:event_taken', 'confirmation:not_proven:no_acknowledgement']],
    [
      'off',
      { text: 'Success', code: 0 },
      ['event:ok:event_taken', 'confirmation:not_proven:acknowledgement_not_awaited'],
    ],
    ['required', { text: 'Success', code: 0 }, ['event:ok:event_taken', 'confirmation:failed:acknowledgement_missing']],
    ['auto', { text: 'Success', code: 0, ackId: 0 }, ['event:ok:event_taken']],
  ])('an event that was taken, with acknowledgement %s and the answer %j', (acknowledgement, body, expected) => {
    const event = testEvent('acme', 'connection-test-1', new Date('2026-11-23T20:00:00Z'));
    const step = opened('splunk', { options: { acknowledgement } }).probe(event).steps.at(-1);
    expect(foundBy(step, answer(200, body))).toEqual(expected);
  });

  it('waits for the acknowledgement, and proves nothing where none comes', () => {
    const event = testEvent('acme', 'connection-test-1', new Date('2026-11-23T20:00:00Z'));
    const step = opened('splunk').probe(event).steps.at(-1);
    const judged = step?.judge(answer(200, { text: 'Success', code: 0, ackId: 3 }));
    const poll = typeof judged === 'object' ? judged.next : undefined;
    expect(poll?.request.body.toString()).toBe('{"acks":[3]}');
    expect(foundBy(poll, answer(200, { acks: { 3: false } }))).toBe('not_yet');
    expect(foundBy(poll, answer(200, { acks: { 3: true } }))).toEqual(['confirmation:ok:acknowledged']);
    expect(foundBy(poll, answer(500, 'x'))).toEqual(['confirmation:not_proven:acknowledgement_unreadable']);
    expect(poll?.late).toMatchObject({ state: 'not_proven', code: 'not_acknowledged' });
  });

  it('says for every refusal what to do', () => {
    for (const entry of Object.values(splunkCodes)) {
      expect(entry.meaning).not.toBe('');
      if (entry.state === 'failed') expect(entry.fix).not.toBe('');
    }
  });
});
