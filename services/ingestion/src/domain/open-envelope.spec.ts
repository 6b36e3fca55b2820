// Holds the envelope reader to what producers' tools really send: Confluent frames and CloudEvents in both modes.
import { sampleEvent } from '../../test/hostile-records';
import { openEnvelope, withoutFrame } from './open-envelope';

const { tenantId, action, occurredAt, actor, parameters, details } = sampleEvent();
/** What the envelope can give is left out. */
const rest = { actor, parameters, details };
const attributes = {
  specversion: '1.0',
  id: '1',
  source: '/orders',
  type: action,
  time: occurredAt,
  tenantid: tenantId,
};
const structured = { 'content-type': 'application/cloudevents+json; charset=UTF-8' } as const;
const filled = { id: 'ce-WN-dummy', tenantId, action, occurredAt, ...rest };

describe('a Confluent frame', () => {
  it('is taken off before a JSON object', () => {
    expect(withoutFrame(Buffer.from('\0\0\0\0\x07{"a":1}', 'latin1')).toString()).toBe('{"a":1}');
  });

  it.each(['{"a":1}', '\0\0\0\0\x07"a"', '\0{', ''])('is not seen in %j', (text) => {
    expect(withoutFrame(Buffer.from(text)).toString()).toBe(text);
  });
});

describe('a CloudEvents envelope', () => {
  it('in structured mode gives what the event leaves out', () => {
    const opened = openEnvelope({ ...attributes, data: rest }, structured);
    expect(opened).toEqual({ kind: 'event', fields: { ...filled, id: expect.stringMatching(/^ce-[\w-]{43}$/) } });
  });

  it('in binary mode gives what the event leaves out', () => {
    const headers = Object.fromEntries(
      Object.entries(attributes).map(([name, value]) => [`ce_${name}`, String(value)]),
    );
    const opened = openEnvelope(rest, { 'content-type': 'application/json', ...headers });
    expect(opened).toEqual(openEnvelope({ ...attributes, data: rest }, structured));
  });

  it('never overrides what the event says itself', () => {
    const opened = openEnvelope({ ...attributes, type: 'x', time: 'y', data: sampleEvent() }, structured);
    expect(opened).toEqual({ kind: 'event', fields: sampleEvent() });
  });

  it('gives the same id to the same source and id, another to another source', () => {
    const idOf = (source: string) => {
      const opened = openEnvelope({ ...attributes, source, data: rest }, structured);
      return opened.kind === 'event' ? opened.fields['id'] : undefined;
    };
    expect(idOf('/a')).toBe(idOf('/a'));
    expect(idOf('/a')).not.toBe(idOf('/b'));
  });

  it.each([
    ['no data', { ...attributes }, 'schema_invalid'],
    ['base64 data', { ...attributes, data_base64: 'e30=' }, 'schema_invalid'],
    ['data that is text', { ...attributes, data: '{}' }, 'schema_invalid'],
    ['another version', { ...attributes, specversion: '0.3', data: rest }, 'schema_version_unsupported'],
    [
      'another tenant than the event',
      { ...attributes, tenantid: 'other', data: sampleEvent() },
      'tenant_header_conflict',
    ],
  ])('with %s is refused', (_, envelope, reason) => {
    expect(openEnvelope(envelope, structured)).toMatchObject({ kind: 'refused', reason });
  });

  it('in batch mode is refused: one record, one event', () => {
    const batch = { 'content-type': 'application/cloudevents-batch+json' } as const;
    expect(openEnvelope({}, batch)).toMatchObject({ kind: 'refused', reason: 'schema_invalid' });
  });

  it('is not looked for in a plain event', () => {
    const event = sampleEvent();
    const opened = openEnvelope(event, { 'content-type': 'application/json' });
    expect(opened.kind === 'event' && opened.fields === event).toBe(true);
  });
});
