// What goes over the wire is what is written here, byte for byte: Splunk drops an object with an unknown envelope key, and all behind it, under a 200.
import { destinationTypes, type DestinationType } from '@auditlane/contracts';
import { registry, type DeliverableEvent, type Destination } from '@auditlane/destinations';
import { Egress, parseAllowList } from '@auditlane/egress';
import { z } from 'zod';
import { eventsOfEveryAction } from '../support/every-action';
import { openReceiver } from '../support/receivers';
import { upTo } from '../support/traffic';

const stored =
  '{"action":"workflows.workflow_created","actor":{"email":"jane@acme.test","type":"user"},"details":"\\"Nightly\\" </script>",' +
  '"id":"0197f3c0-0000-7000-8000-000000000007","occurredAt":"2026-11-23T20:00:00.007Z","parameters":{"limit":1e+21,"näme":"\\\\"},' +
  '"receivedAt":"2026-11-23T20:00:00.012Z","tenantId":"acme","workspace":{"name":"Production"}}';

const event: DeliverableEvent = {
  seq: 7,
  canonical: Buffer.from(stored),
  headers: {
    tenant: 'acme',
    id: '0197f3c0-0000-7000-8000-000000000007',
    contentHash: 'A'.repeat(43),
    action: 'workflows.workflow_created',
    area: 'workflows',
    category: 'System configuration',
    occurredAt: Date.parse('2026-11-23T20:00:00.007Z'),
    receivedAt: Date.parse('2026-11-23T20:00:00.012Z'),
    workspace: 'Production',
    actor: 'jane@acme.test',
    clockSkew: false,
    seq: 7,
    acceptedOffset: 41,
  },
};

const splunk =
  '{"time":1795464000.007,"source":"auditlane","sourcetype":"auditlane:event","event":' +
  stored +
  ',"fields":{"tenant":"acme","event_id":"0197f3c0-0000-7000-8000-000000000007","seq":"7","action":"workflows.workflow_created",' +
  '"area":"workflows","category":"System configuration"}}\n';
const element = `{"seq":7,"area":"workflows","category":"System configuration",${stored.slice(1)}`;
const identity = '{"create":{"_id":"a37_KnCx-Ef1jOiahmdqhccyWs659syVdfVlShwqL8I"}}\n';
const head =
  '{"@timestamp":"2026-11-23T20:00:00.007Z","ecs":{"version":"8.11.0"},"event":{"id":"0197f3c0-0000-7000-8000-000000000007",' +
  '"kind":"event","action":"workflows.workflow_created","dataset":"audit.events","category":["configuration"]';
const facts =
  '},"organization":{"id":"acme"},"user":{"email":"jane@acme.test"},"auditlane":{"seq":7,"area":"workflows","category":"System configuration"}';

const golden: readonly (readonly [name: string, type: DestinationType, options: object, body: string])[] = [
  ['splunk', 'splunk', {}, splunk],
  [
    'splunk with all options',
    'splunk',
    { index: 'audit', host: 'h1', source: 's"', sourcetype: 't' },
    splunk.replace(
      '"source":"auditlane","sourcetype":"auditlane:event"',
      '"host":"h1","source":"s\\"","sourcetype":"t","index":"audit"',
    ),
  ],
  ['http, array', 'http', {}, `[${element}]`],
  ['http, ndjson', 'http', { format: 'ndjson' }, `${element}\n`],
  ['http, single', 'http', { format: 'single' }, element],
  ['elasticsearch, text', 'elasticsearch', {}, `${identity}${head},"original":${JSON.stringify(stored)}${facts}}\n`],
  ['elasticsearch, object', 'elasticsearch', { event: 'object' }, `${identity}${head}${facts},"audit":${stored}}\n`],
];

const id = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';

function open(
  type: DestinationType,
  options: object = {},
  url = 'https://siem.acme.test',
  token = 'c29tZTp0b2tlbg==',
): Destination {
  const opened = registry[type].open({ id, url, options, token });
  if (!opened.ok) throw new Error(JSON.stringify(opened.faults));
  return opened.destination;
}

it.each(golden)('%s: the body is this, byte for byte', (_name, type, options, body) => {
  expect(open(type, options).encode([event]).body.toString()).toBe(body);
});

it('has a golden body for every type', () => {
  expect(new Set(golden.map(([, type]) => type))).toEqual(new Set(destinationTypes));
});

it('gives Splunk no envelope key that it does not know, whatever the event and the options', () => {
  const known = new Set(['time', 'host', 'source', 'sourcetype', 'index', 'event', 'fields']);
  const options = { index: 'audit', host: 'h', source: 's', sourcetype: 't' };
  for (const one of [open('splunk'), open('splunk', options)])
    for (const line of one.encode(eventsOfEveryAction('acme')).body.toString().trimEnd().split('\n')) {
      const envelope = z.record(z.string(), z.unknown()).parse(JSON.parse(line));
      for (const key of Object.keys(envelope)) expect(known).toContain(key);
      expect(envelope).toHaveProperty('event');
      // Flat: anything nested is code 15.
      expect(z.record(z.string(), z.string()).safeParse(envelope['fields']).success).toBe(true);
    }
});

it('is taken whole by a receiver as strict as Splunk: what is said to be delivered is there', async () => {
  const { sink, address } = await openReceiver('splunk');
  const egress = new Egress(parseAllowList([new URL(address.url).host]));
  const destination = open('splunk', {}, address.url, address.token);
  const events = eventsOfEveryAction('acme');
  const target = { destinationId: id, configVersion: 1, caPem: address.caPem };
  const result = await egress.request(target, destination.encode(events));
  if (result.kind === 'failure') throw new Error(result.words);
  expect(new Set(destination.judge(result.response, events).map(({ kind }) => kind))).toEqual(new Set(['delivered']));
  expect(sink.seqs('acme')).toEqual(upTo(events.length));
  await egress.destroy();
  await sink.close();
});
