// What every destination type must hold to, walked over the registry: a new type is tested by being in it.
import {
  destinationTypes,
  parkReasons,
  poisonReasons,
  transientReasons,
  type DestinationType,
} from '@auditlane/contracts';
import * as fc from 'fast-check';
import { z } from 'zod';
import { accepted, answer, elastic, now, opened, sampleEvent, sampleEvents } from '../spec/samples';
import { adviceFor } from './advice';
import { registry } from './registry';
import type { DeliverableEvent, Destination, InboundResponse } from './types';

/** Each type with each shape of body that its settings offer. */
const variants: readonly (readonly [name: string, type: DestinationType, options: object])[] = [
  ['splunk', 'splunk', {}],
  ['splunk with all options', 'splunk', { index: 'audit', host: 'h', source: 's"', sourcetype: 't\\' }],
  ['http array', 'http', { format: 'array' }],
  ['http ndjson', 'http', { format: 'ndjson', gzip: true }],
  ['http single', 'http', { format: 'single' }],
  ['elasticsearch text', 'elasticsearch', { event: 'text' }],
  ['elasticsearch object', 'elasticsearch', { event: 'object' }],
];

const hostileText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '"',
    '\\',
    '\\"',
    '","seq":0,"x":"',
    '</script>',
    '\u2028\u2029',
    '\u202eevil',
    '\r\n',
    '\u0000',
    '\ud800',
    "'; drop",
    '🔑é',
  ),
);
const hostileEvent = fc
  .record({ seq: fc.nat(), texts: fc.array(hostileText, { minLength: 8, maxLength: 8 }), occurredAt: fc.maxSafeNat() })
  .map(({ seq, texts, occurredAt }): DeliverableEvent => {
    const [tenant = '', id, action = '', area = '', category = '', actor = '', key = '', value = ''] = texts;
    return sampleEvent(
      seq,
      { tenant, id: id || 'x', action, area, category, actor, occurredAt },
      { parameters: { [`p${key}`]: value } },
    );
  });

/** The events of a body as a receiver's parser sees them: [what stands around, the event's own text]. */
function received(destination: Destination, body: string): readonly Record<string, unknown>[] {
  const object = z.record(z.string(), z.unknown());
  if (body.startsWith('[')) return z.array(object).parse(JSON.parse(body));
  return body
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => object.parse(JSON.parse(line)))
    .filter((line) => destination.type !== 'elasticsearch' || !('create' in line));
}

/** The stored event in what arrived, as text. The prefix members of an HTTP element are taken off again. */
function storedText(type: DestinationType, element: Record<string, unknown>): unknown {
  if (type === 'splunk') return JSON.stringify(element['event']);
  if (type === 'elasticsearch') {
    const original = z.object({ event: z.object({ original: z.string().optional() }) }).parse(element).event.original;
    return original ?? JSON.stringify(element['audit']);
  }
  const { seq: _seq, area: _area, category: _category, ...event } = element;
  return JSON.stringify(event);
}

const idOf = (element: Record<string, unknown>): unknown => {
  const found = z
    .union([
      z.object({ fields: z.object({ event_id: z.string() }) }).transform(({ fields }) => fields.event_id),
      z.object({ event: z.object({ id: z.string() }) }).transform(({ event }) => event.id),
      z.object({ id: z.string() }).transform(({ id }) => id),
    ])
    .parse(element);
  return found;
};

describe('the registry', () => {
  it('has every type, under its own name, with described settings that JSON Schema can show', () => {
    expect(Object.keys(registry).sort()).toEqual([...destinationTypes].sort());
    for (const type of destinationTypes) {
      expect(registry[type].type).toBe(type);
      const shape = z.object({ properties: z.record(z.string(), z.object({ description: z.string() })) });
      const schema = shape.parse(z.toJSONSchema(registry[type].settings, { io: 'input' }));
      expect(Object.keys(schema.properties).filter((name) => /token|secret|password/i.test(name))).toEqual([]);
    }
  });

  it('has advice for every reason', () => {
    for (const reason of [...parkReasons, ...poisonReasons, ...transientReasons])
      expect(adviceFor(reason)).toMatch(/\.$/);
  });
});

describe.each(variants)('%s', (_name, type, options) => {
  const destination = opened(type, { options });
  const batch = Math.min(5, destination.limits.events);
  const events = sampleEvents(batch);
  const kinds = (response: InboundResponse): string[] => destination.judge(response, events).map(({ kind }) => kind);
  const each = (kind: string): string[] => events.map(() => kind);

  it('keeps the order of the events', () => {
    const elements = received(destination, destination.encode(events).body.toString());
    expect(elements.map(idOf)).toEqual(events.map(({ headers }) => headers.id));
  });

  it('carries the stored bytes verbatim', () => {
    const { body } = destination.encode(events);
    const texts = received(destination, body.toString()).map((element) => storedText(type, element));
    expect(texts).toEqual(events.map(({ canonical }) => canonical.toString()));
    // Not only equal once parsed: the bytes themselves stand in the body, but for the opening brace that HTTP elements share.
    if (!('event' in options && options.event === 'text'))
      for (const { canonical } of events) expect(body.includes(canonical.subarray(1))).toBe(true);
  });

  it('keeps hostile text inside its JSON strings', () => {
    fc.assert(
      fc.property(fc.array(hostileEvent, { minLength: 1, maxLength: batch }), (hostile) => {
        const request = destination.encode(hostile);
        const elements = received(destination, request.body.toString());
        expect(elements).toHaveLength(hostile.length);
        const shape = JSON.stringify(
          received(destination, destination.encode(sampleEvents(1)).body.toString()).map(Object.keys),
        );
        for (const element of elements) {
          const keys = Object.keys(element).filter((key) => key !== 'parameters');
          for (const key of keys) expect(shape).toContain(JSON.stringify(key));
        }
        expect(elements.map((element) => storedText(type, element))).toEqual(
          hostile.map(({ canonical }) => canonical.toString()),
        );
        for (const value of Object.values(request.headers)) expect(value).toMatch(/^[\x20-\x7e]+$/);
      }),
    );
  });

  it('makes no body larger than the sizes it gave', () => {
    fc.assert(
      fc.property(fc.array(hostileEvent, { minLength: 1, maxLength: batch }), (hostile) => {
        const sum = hostile.reduce((bytes, event) => bytes + destination.size(event), 0);
        const { length } = destination.encode(hostile).body;
        expect(length).toBeLessThanOrEqual(sum);
        expect(length).toBeGreaterThanOrEqual(sum - 2 * hostile.length);
      }),
    );
  });

  it('encodes the same events to the same bytes', () => {
    expect(opened(type, { options }).encode(events).body.equals(destination.encode(events).body)).toBe(true);
  });

  it('counts as delivered what its receiver took', () => {
    expect(kinds(accepted(type, events.length))).toEqual(each('delivered'));
  });

  it.each([
    [400, 'split'],
    [401, 'park'],
    [403, 'park'],
    [404, 'park'],
    [405, 'park'],
    [408, 'retry'],
    [409, 'retry'],
    [410, 'park'],
    [413, 'split'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
    [504, 'retry'],
    [301, 'park'],
    [302, 'park'],
    [303, 'park'],
    [307, 'park'],
    [308, 'park'],
  ])('takes a bare %i as %s', (status, kind) => {
    expect(kinds(answer(status, '<html>whatever</html>'))).toEqual(each(kind));
    expect(kinds(answer(status))).toEqual(each(kind));
  });

  it('never follows, and never believes, a redirect', () => {
    const took = accepted(type, events.length);
    expect(kinds({ ...took, status: 307, headers: { ...took.headers, location: 'https://elsewhere.test' } })).toEqual(
      each('park'),
    );
  });

  it.each([
    ['30', 30_000],
    ['86400', 3_600_000],
    [new Date(now + 30_000).toUTCString(), 30_000],
    [new Date(now - 30_000).toUTCString(), 0],
    ['soon', undefined],
  ])('waits as Retry-After %j says, on 429 and on 503', (value, afterMs) => {
    for (const status of [429, 503])
      expect(destination.judge(answer(status, '', { 'retry-after': value }), events)).toEqual(
        events.map(() => expect.objectContaining({ kind: 'retry', ...(afterMs === undefined ? {} : { afterMs }) })),
      );
  });

  it('has one verdict for each event, whatever the answer, and never throws', () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .record({
          code: fc.oneof(fc.integer({ min: -1, max: 30 }), fc.anything()),
          text: fc.anything(),
          'invalid-event-number': fc.anything(),
        })
        .map(json),
      fc
        .record({
          items: fc.array(
            fc.dictionary(
              fc.string(),
              fc.record({
                status: fc.oneof(fc.constantFrom(200, 201, 400, 403, 404, 409, 429, 503), fc.anything()),
                error: fc.anything(),
              }),
            ),
            { maxLength: 6 },
          ),
        })
        .map(json),
    );
    const response = fc.record({
      status: fc.oneof(fc.constantFrom(200, 201, 204, 400, 403, 500), fc.integer({ min: -1, max: 1000 })),
      headers: fc.oneof(
        fc.constant(elastic),
        fc.dictionary(fc.constantFrom('retry-after', 'date', 'x-elastic-product'), fc.string()),
      ),
      body,
      truncated: fc.boolean(),
    });
    fc.assert(
      fc.property(response, (anything) => {
        const verdicts = destination.judge(anything, events);
        expect(verdicts).toHaveLength(events.length);
        if (anything.status < 200 || anything.status > 299) {
          // A refusal may only ever name what was taken before it by the prefix rule, never all.
          expect(verdicts.every(({ kind }) => kind === 'delivered')).toBe(false);
        }
        for (const verdict of verdicts) if ('words' in verdict) expect(verdict.words?.length).toBeLessThanOrEqual(300);
        for (const step of [...destination.probe().steps, ...destination.probe(events[0]).steps])
          expect(() => step.judge(anything)).not.toThrow();
      }),
    );
  });

  it('never shows the token, though an answer repeats the whole request', () => {
    const request = destination.encode(events);
    const token = request.headers['authorization']?.split(' ')[1] ?? '';
    expect(token.length).toBeGreaterThan(5);
    const echo = `bad request: ${JSON.stringify(request.headers)}`;
    for (const status of [200, 400, 401, 403, 404, 500])
      for (const body of [echo, { error: { type: 'x', reason: echo }, text: echo, code: 4 }, { error: echo }]) {
        const repeated = answer(status, body, elastic);
        const said = [
          destination.judge(repeated, events),
          destination.probe(events[0]).steps.map((step) => step.judge(repeated)),
        ];
        expect(JSON.stringify(said)).not.toContain(token);
      }
  });

  it('tests a connection without writing an event', () => {
    const { steps, notProven } = destination.probe();
    expect(steps.length).toBeGreaterThan(0);
    expect(notProven.length).toBeGreaterThan(0);
    for (const { request } of steps) {
      expect(request.timeoutMs).toBeGreaterThan(0);
      expect(request.url).not.toMatch(/_bulk|_doc/);
      if (request.url === destination.encode(events).url) expect(request.body).toHaveLength(0);
    }
  });
});

describe.each(['splunk', 'elasticsearch'] as const)('%s', (type) => {
  const destination = opened(type);
  const events = sampleEvents(3);

  it('believes no 2xx that is not in the words of its protocol', () => {
    const strangers = ['', 'OK', '<!doctype html><title>Sign in</title>', '{"status":"ok"}', 'null', '[]', '0'];
    for (const status of [200, 201, 202, 204])
      for (const body of strangers)
        for (const headers of [{}, elastic]) {
          const verdicts = destination.judge(answer(status, body, headers), events);
          expect(verdicts.map((verdict) => 'reason' in verdict && verdict.reason)).toEqual(
            events.map(() => 'not_the_expected_receiver'),
          );
        }
  });

  it('believes no answer that was cut off, and gives up no event for it', () => {
    const took = accepted(type, events.length);
    const cut = { ...took, body: took.body.subarray(0, took.body.length - 3), truncated: true };
    for (const { kind } of destination.judge(cut, events)) expect(['retry', 'split']).toContain(kind);
    for (const { kind } of destination.judge(cut, events.slice(0, 1))) expect(kind).toBe('retry');
  });
});

/** As far as JSON can say it: a bigint as text, and `null` for what refuses to be written. */
function json(value: unknown): Buffer {
  try {
    return Buffer.from(
      JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part)),
    );
  } catch {
    return Buffer.from('null');
  }
}
