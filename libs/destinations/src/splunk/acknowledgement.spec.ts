// Indexer acknowledgement of Splunk's collector: when a success is only a promise, how it is asked about, and what counts as a yes.
import { answer, destinationId, hec, opened, sampleEvents } from '../../spec/samples';
import { registry } from '../registry';

describe('indexer acknowledgement', () => {
  const as = (acknowledgement: string): ReturnType<typeof opened> => opened('splunk', { options: { acknowledgement } });
  const success = (extra: Record<string, unknown> = {}) => hec(200, 0, 'Success', extra);

  it.each([
    ['auto', { ackId: 0 }, { kind: 'accepted', ackId: 0 }],
    ['auto', {}, { kind: 'delivered' }],
    ['auto', { ackId: '0' }, { kind: 'retry', reason: 'unreadable_answer' }],
    ['auto', { ackId: -1 }, { kind: 'retry', reason: 'unreadable_answer' }],
    ['auto', { ackId: null }, { kind: 'retry', reason: 'unreadable_answer' }],
    ['required', { ackId: 7 }, { kind: 'accepted', ackId: 7 }],
    ['required', {}, { kind: 'park', reason: 'acknowledgement_required', code: 'hec_0' }],
    ['off', { ackId: 0 }, { kind: 'delivered' }],
    ['off', {}, { kind: 'delivered' }],
  ])('that is %s makes of a success with %j this: %j', (acknowledgement, extra, verdict) => {
    const verdicts = as(acknowledgement).judge(success(extra), sampleEvents(2));
    expect(verdicts).toMatchObject([verdict, verdict]);
  });

  it.each([24, 25])('slows down by code %i as well', (code) => {
    expect(as('auto').judge(hec(200, code, 'full soon', { ackId: 3 }), sampleEvents(1))).toEqual([
      { kind: 'accepted', ackId: 3, slowDown: true },
    ]);
  });

  it.each([
    ['auto', {}, { kind: 'delivered', unacknowledged: true }],
    ['required', {}, { kind: 'delivered', unacknowledged: true }],
    ['required', { ackId: 4 }, { kind: 'accepted', ackId: 4 }],
    ['off', {}, { kind: 'delivered' }],
  ])(
    'that is %s says of events before a bad one, in an answer with %j, this: %j',
    (acknowledgement, extra, verdict) => {
      const answered = hec(400, 6, 'Invalid data format', { 'invalid-event-number': 1, ...extra });
      const [before, bad] = as(acknowledgement).judge(answered, sampleEvents(3));
      expect(before).toEqual(verdict);
      expect(bad).toMatchObject({ kind: 'poison' });
    },
  );

  it('counts in the request channel of whoever opened the destination', () => {
    const channel = '7f1c0b1e-0000-4000-8000-00000000000a';
    const config = { id: destinationId, channel, url: 'https://siem.acme.test', options: {}, token: 'a-token' };
    const own = registry.splunk.open(config);
    const { destination } = own.ok ? own : { destination: undefined };
    expect(destination?.encode(sampleEvents(1)).headers['x-splunk-request-channel']).toBe(channel);
    expect(destination?.acknowledgement?.poll([0]).headers['x-splunk-request-channel']).toBe(channel);
  });

  it('asks by a POST of the ids to the ack endpoint, with token and channel', () => {
    const request = as('auto').acknowledgement?.poll([0, 3]);
    expect(request).toMatchObject({ method: 'POST', gzip: false });
    expect(request?.url).toBe('https://siem.acme.test/services/collector/ack');
    expect(request?.body.toString()).toBe('{"acks":[0,3]}');
    expect(request?.headers).toMatchObject({
      authorization: 'Splunk 11111111-2222-3333-4444-555555555555',
      'x-splunk-request-channel': destinationId,
    });
  });

  it('asks nothing where it is off', () => {
    expect(as('off').acknowledgement).toBeUndefined();
  });

  const polled = (acknowledgement: string, response: ReturnType<typeof hec>) =>
    as(acknowledgement).acknowledgement?.judge(response, [0, 1, 2]);

  it('takes nothing but `true` for a yes, and only for an id that it asked about', () => {
    const acks = { 0: true, 1: false, 2: 'true', 9: true };
    expect(polled('auto', answer(200, JSON.stringify({ acks })))).toEqual({ kind: 'acknowledged', ackIds: [0] });
    expect(polled('auto', answer(200, '{"acks":{}}'))).toEqual({ kind: 'acknowledged', ackIds: [] });
  });

  it.each([
    [hec(400, 10, 'Data channel is missing'), 'acknowledgement_required'],
    [hec(403, 4, 'Invalid token'), 'credentials_refused'],
    [hec(503, 19, 'ack service unavailable'), 'busy'],
    [hec(429, 27, 'ack channel at capacity'), 'rate_limited'],
    [hec(200, 0, 'Success'), 'unreadable_answer'],
    [hec(400, 6, 'Invalid data format', { 'invalid-event-number': 0 }), 'unreadable_answer'],
    [answer(400, 'bad request'), 'unreadable_answer'],
    [answer(404, '<html>'), 'not_found'],
    [answer(200, '<html>'), 'not_the_expected_receiver'],
    [answer(200, '{"acks":[true,true,true]}'), 'not_the_expected_receiver'],
    [answer(201, '{"acks":{"0":true}}'), 'not_the_expected_receiver'],
    [answer(302), 'redirected'],
    [{ ...answer(200, '{"acks":{"0":true}'), truncated: true }, 'unreadable_answer'],
  ])('takes no other answer for one, %#', (response, reason) => {
    expect(polled('auto', response)).toMatchObject({ kind: 'refused', verdict: { reason } });
  });

  it('ends with code 14 where it is auto, and is missed where it is required', () => {
    const disabled = hec(400, 14, 'ACK is disabled');
    expect(polled('auto', disabled)).toEqual({ kind: 'disabled' });
    expect(polled('required', disabled)).toEqual({
      kind: 'refused',
      verdict: { kind: 'park', reason: 'acknowledgement_required', code: 'hec_14', words: 'ACK is disabled' },
    });
  });

  it('keeps the token out of what a poll is refused with', () => {
    const echoed = hec(400, 14, 'no ack for 11111111-2222-3333-4444-555555555555');
    expect(JSON.stringify(polled('required', echoed))).not.toContain('11111111-2222');
  });
});
